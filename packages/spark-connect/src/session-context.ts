import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { SparkClientError } from './errors.js';
import { Execution, type ExecutionOptions } from './execution.js';
import type { CommandSchema } from './generated/commands_pb.js';
import type { RelationSchema } from './generated/relations_pb.js';
import {
  type AnalyzedFlag,
  type AnalyzedSchema,
  type AnalyzedText,
  type ExecutePlanResponse,
  type PlanSchema,
  SparkConnectService,
} from './generated/service_pb.js';
import type { OperationProgress } from './operation-progress.js';
import { checkTag, type OperationTags } from './operation-tags.js';
import type { Request, ServiceClient } from './service-client.js';

const { analyzePlan } = SparkConnectService.method;

export type WireRelation = MessageInitShape<typeof RelationSchema>;
export type WireCommand = NonNullable<
  Extract<MessageInitShape<typeof CommandSchema>, { $typeName?: never }>['commandType']
>;
type AnalyzeRequest = NonNullable<Request<(typeof analyzePlan)['input']>['analyze']>;
type ResponseKind = NonNullable<ExecutePlanResponse['responseType']['case']>;
type ResponseOf<Kind extends ResponseKind> = Extract<ExecutePlanResponse['responseType'], { case: Kind }>['value'];

/** What the questions about a plan are answered with. */
interface AnalyzeAnswers {
  readonly schema: AnalyzedSchema;
  readonly explain: AnalyzedText;
  readonly treeString: AnalyzedText;
  readonly isStreaming: AnalyzedFlag;
  readonly sparkVersion: AnalyzedText;
  readonly ddlParse: AnalyzedSchema;
}

/** How one operation is run. */
export interface OperationOptions {
  /** An abort interrupts the operation on the server and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Beside the tags of the session. */
  readonly tags?: readonly string[] | undefined;
  /** A UUID that names the operation to `interruptOperation`. Default: a new one. */
  readonly operationId?: string | undefined;
  /** Called as the server tells how far the operation is. */
  readonly onProgress?: ((progress: OperationProgress) => void) | undefined;
}

/** What data frames, readers, writers and queries need of their session. */
export class SessionContext {
  readonly client: ServiceClient;
  readonly tags: OperationTags;
  readonly #reattach: ExecutionOptions['reattach'];

  constructor(client: ServiceClient, tags: OperationTags, reattach: ExecutionOptions['reattach']) {
    this.client = client;
    this.tags = tags;
    this.#reattach = reattach;
  }

  execute(plan: MessageInitShape<typeof PlanSchema>, options: OperationOptions = {}): Execution {
    return new Execution(this.client, plan, {
      operationId: options.operationId ?? randomUUID(),
      tags: [...new Set([...this.tags.list(), ...(options.tags ?? []).map(checkTag)])],
      signal: options.signal,
      onProgress: options.onProgress,
      reattach: this.#reattach,
    });
  }

  /** Runs a command to its end. */
  async command(commandType: WireCommand, options?: OperationOptions): Promise<ExecutePlanResponse[]> {
    const responses: ExecutePlanResponse[] = [];
    for await (const response of this.execute({ opType: { case: 'command', value: { commandType } } }, options))
      responses.push(response);
    return responses;
  }

  /** Runs a command whose answer is of one kind. */
  async commandFor<Kind extends ResponseKind>(
    commandType: WireCommand,
    kind: Kind,
    options?: OperationOptions,
  ): Promise<ResponseOf<Kind>> {
    for (const { responseType } of await this.command(commandType, options))
      if (responseType.case === kind) return responseType.value as ResponseOf<Kind>;
    throw new SparkClientError(`the server did not answer the command with ${kind}`);
  }

  /** Asks something about a plan without running it. */
  async analyze<Kind extends keyof AnalyzeAnswers>(analyze: AnalyzeRequest, kind: Kind): Promise<AnalyzeAnswers[Kind]> {
    const { result } = await this.client.call(analyzePlan, { analyze });
    if (result.case !== kind) throw new SparkClientError(`the server did not answer the question with ${kind}`);
    return result.value as AnalyzeAnswers[Kind];
  }
}
