import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';
import { type ExecutePlanResponseSchema, SparkConnectService } from '../src/generated/service_pb.js';
import { ErrorInfoSchema, RetryInfoSchema, StatusDetailsSchema } from '../src/generated/status_pb.js';

export const { method } = SparkConnectService;
type MethodName = keyof typeof method;
type Input<Name extends MethodName> = MessageShape<(typeof method)[Name]['input']>;
type OutputInit<Name extends MethodName> = MessageInitShape<(typeof method)[Name]['output']>;
export type ResponseInit = MessageInitShape<typeof ExecutePlanResponseSchema>;

/** A failed call as gRPC's server takes it. */
export class Refusal extends Error {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, info: Record<string, string> = {}, retryAfterMs?: number) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = new Metadata();
    const parts = [];
    if (Object.keys(info).length > 0)
      parts.push({
        typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo',
        value: toBinary(ErrorInfoSchema, create(ErrorInfoSchema, { metadata: info })),
      });
    if (retryAfterMs !== undefined)
      parts.push({
        typeUrl: 'type.googleapis.com/google.rpc.RetryInfo',
        value: toBinary(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { nanos: retryAfterMs * 1e6 } })),
      });
    if (parts.length === 0) return;
    const bytes = toBinary(StatusDetailsSchema, create(StatusDetailsSchema, { code, details: parts }));
    this.metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  }
}

/** What a stream does: sends responses, then ends, fails, or stays open until the client leaves. */
export type StreamScript = {
  readonly responses?: readonly ResponseInit[];
  readonly ending?: 'end' | 'stay' | Refusal;
};

type UnaryScript<Name extends MethodName> = OutputInit<Name> | Refusal | ((request: Input<Name>) => OutputInit<Name>);

export interface ReceivedCall {
  readonly name: MethodName;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at the fields of whichever request it expects.
  readonly request: any;
  readonly metadata: Metadata;
}

/** A Spark Connect server that follows a script: what each call of a method gets, in order; the last entry repeats. */
export class ScriptedServer {
  readonly calls: ReceivedCall[] = [];
  readonly cancelled: MethodName[] = [];
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly #streams = new Map<MethodName, StreamScript[]>();
  readonly #unary = new Map<MethodName, unknown[]>();
  /** What an upload gets after its first piece. */
  refuseUploads: Refusal | undefined;
  port = 0;

  static async start(credentials = ServerCredentials.createInsecure()): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    scripted.on('analyzePlan', {
      serverSideSessionId: 'server-1',
      result: { case: 'sparkVersion', value: { text: '4.3.0' } },
    });
    scripted.on('releaseExecute', {});
    scripted.on('releaseSession', {});
    scripted.on('fetchErrorDetails', {});
    scripted.#server.addService(scripted.#definition(), scripted.#handlers());
    scripted.port = await new Promise<number>((resolve, reject) =>
      scripted.#server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
    );
    return scripted;
  }

  get url(): string {
    return `sc://127.0.0.1:${this.port}`;
  }

  on<Name extends MethodName>(name: Name, ...script: UnaryScript<Name>[]): this {
    this.#unary.set(name, [...script]);
    return this;
  }

  onStream(name: 'executePlan' | 'reattachExecute', ...script: StreamScript[]): this {
    this.#streams.set(name, script);
    return this;
  }

  // biome-ignore lint/suspicious/noExplicitAny: see ReceivedCall.
  requests(name: MethodName): any[] {
    return this.calls.filter((call) => call.name === name).map(({ request }) => request);
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #definition(): ServiceDefinition {
    const entries = Object.entries(method).map(([name, desc]: [string, DescMethod]) => [
      name,
      {
        path: `/${desc.parent.typeName}/${desc.name}`,
        requestStream: desc.methodKind === 'client_streaming',
        responseStream: desc.methodKind === 'server_streaming',
        requestSerialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(desc.input, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(desc.input, bytes),
        responseSerialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(desc.output, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(desc.output, bytes),
      },
    ]);
    return Object.fromEntries(entries);
  }

  #handlers() {
    const unary =
      (name: MethodName) =>
      ({ request, metadata }: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
        this.calls.push({ name, request, metadata });
        this.#answer(name, request, callback);
      };
    const stream = (name: MethodName) => (call: ServerWritableStream<unknown, unknown>) => {
      this.calls.push({ name, request: call.request, metadata: call.metadata });
      call.on('cancelled', () => this.cancelled.push(name));
      const { responses = [], ending = 'end' } = take(this.#streams.get(name)) ?? {};
      for (const response of responses) call.write(create(method.executePlan.output, response));
      if (ending === 'end') call.end();
      else if (ending !== 'stay') call.emit('error', ending);
    };
    const upload =
      (name: MethodName) => (call: ServerReadableStream<unknown, unknown>, callback: sendUnaryData<unknown>) => {
        const { refuseUploads } = this;
        if (refuseUploads !== undefined) {
          call.once('data', () => callback(refuseUploads));
          return;
        }
        call.on('data', (request) => this.calls.push({ name, request, metadata: call.metadata }));
        call.on('end', () => this.#answer(name, undefined, callback));
      };
    const kinds = { unary, server_streaming: stream, client_streaming: upload, bidi_streaming: unary };
    return Object.fromEntries(
      Object.entries(method).map(([name, desc]: [string, DescMethod]) => [
        name,
        kinds[desc.methodKind](name as MethodName),
      ]),
    );
  }

  #answer(name: MethodName, request: unknown, callback: sendUnaryData<unknown>): void {
    const script = (take(this.#unary.get(name)) ?? {}) as UnaryScript<MethodName>;
    if (script instanceof Refusal) callback(script);
    else {
      const response = typeof script === 'function' ? script(request as never) : script;
      callback(null, create(method[name].output as DescMessage, response));
    }
  }
}

function take<Entry>(script: Entry[] | undefined): Entry | undefined {
  return script === undefined || script.length <= 1 ? script?.[0] : script.shift();
}
