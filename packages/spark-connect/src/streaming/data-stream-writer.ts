import { SparkClientError } from '../errors.js';
import { type OptionValue, optionTexts } from '../option-values.js';
import type { OperationOptions, SessionContext, WireRelation } from '../session-context.js';
import { StreamingQuery } from './streaming-query.js';
import { type OutputMode, type Trigger, wireTrigger } from './trigger.js';

type Destination = { case: 'path' | 'tableName'; value: string } | { case: undefined };

/** Starts a streaming query. Most sinks need the option `checkpointLocation`. */
export class DataStreamWriter {
  readonly #session: SessionContext;
  readonly #relation: WireRelation;
  #format = '';
  #outputMode: OutputMode | undefined;
  #trigger: Trigger | undefined;
  #queryName = '';
  #partitioningColumns: readonly string[] = [];
  readonly #options: Record<string, string> = {};

  constructor(session: SessionContext, relation: WireRelation) {
    this.#session = session;
    this.#relation = relation;
  }

  format(format: string): this {
    this.#format = format;
    return this;
  }

  option(name: string, value: OptionValue): this {
    this.#options[name] = String(value);
    return this;
  }

  options(options: Readonly<Record<string, OptionValue>>): this {
    Object.assign(this.#options, optionTexts(options));
    return this;
  }

  /** Default: Spark's, which is `append`. */
  outputMode(outputMode: OutputMode): this {
    this.#outputMode = outputMode;
    return this;
  }

  /** Default: Spark's, a batch as soon as the one before is done. */
  trigger(trigger: Trigger): this {
    this.#trigger = trigger;
    return this;
  }

  /** A name for people, one among the active queries of a session. */
  queryName(queryName: string): this {
    if (queryName === '') throw new SparkClientError('the name of a query cannot be empty');
    this.#queryName = queryName;
    return this;
  }

  partitionBy(...columns: readonly string[]): this {
    this.#partitioningColumns = columns;
    return this;
  }

  start(path?: string, options?: OperationOptions): Promise<StreamingQuery> {
    return this.#start(path === undefined ? { case: undefined } : { case: 'path', value: path }, options);
  }

  toTable(tableName: string, options?: OperationOptions): Promise<StreamingQuery> {
    return this.#start({ case: 'tableName', value: tableName }, options);
  }

  async #start(sinkDestination: Destination, options: OperationOptions | undefined): Promise<StreamingQuery> {
    const { queryId, name } = await this.#session.commandFor(
      {
        case: 'writeStreamOperationStart',
        value: {
          input: this.#relation,
          format: this.#format,
          options: { ...this.#options },
          partitioningColumnNames: [...this.#partitioningColumns],
          trigger: wireTrigger(this.#trigger),
          outputMode: this.#outputMode ?? '',
          queryName: this.#queryName,
          sinkDestination: sinkDestination as Extract<Destination, { case: 'path' }>,
        },
      },
      'writeStreamOperationStartResult',
      options,
    );
    if (queryId === undefined) throw new SparkClientError('the server started a query and did not name it');
    return new StreamingQuery(this.#session, { id: queryId.id, runId: queryId.runId, name });
  }
}
