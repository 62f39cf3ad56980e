import { ResultBatch, readArrowStream } from './arrow/result-batch.js';
import { DataFrameWriter } from './data-frame-writer.js';
import { SparkClientError } from './errors.js';
import { GroupType, SetOperationType } from './generated/relations_pb.js';
import { type ArrowBatch, ExplainMode } from './generated/service_pb.js';
import type { OperationOptions, SessionContext, WireRelation } from './session-context.js';
import { locate } from './sql-span.js';
import { DataStreamWriter } from './streaming/data-stream-writer.js';
import type { StructType } from './types/data-type.js';
import { fromWireSchema } from './types/from-wire.js';
import { textExpression } from './values/literal.js';
import type { Row, Value } from './values/value.js';

const EXPLAIN_MODES = {
  simple: ExplainMode.SIMPLE,
  extended: ExplainMode.EXTENDED,
  codegen: ExplainMode.CODEGEN,
  cost: ExplainMode.COST,
  formatted: ExplainMode.FORMATTED,
} as const;

type RelationType = NonNullable<Extract<WireRelation, { $typeName?: never }>['relType']>;

export interface TempViewOptions {
  /** A view that exists already is replaced, or is an error. Default: `replace`. */
  readonly whenExists?: 'replace' | 'fail';
  /** A global view is seen by all sessions, under `global_temp`. Default: `session`. */
  readonly scope?: 'session' | 'global';
}

export interface ShowOptions {
  /** Default: 20. */
  readonly rows?: number;
  /** Longer values are cut; 0 cuts nothing. Default: 20. */
  readonly width?: number;
}

export interface DeduplicateOptions {
  /** Columns that make a row the same. Default: all. */
  readonly columns?: readonly string[];
  /** Rows of a stream are compared as long as the watermark has not passed them. Default: `all`. */
  readonly within?: 'all' | 'watermark';
}

/**
 * A relation on the server: a description of rows, not the rows. Methods that return a DataFrame ask the server nothing;
 * those that return a promise or an iterator do.
 *
 * Expressions and conditions are SQL text.
 */
export class DataFrame {
  readonly relation: WireRelation;
  readonly #session: SessionContext;
  readonly #sql: string | undefined;

  /** `sql`: the text the relation was made from, for the place of errors in it. */
  constructor(session: SessionContext, relation: WireRelation, sql?: string) {
    this.#session = session;
    this.relation = relation;
    this.#sql = sql;
  }

  #from(relType: RelationType): DataFrame {
    return new DataFrame(this.#session, { relType }, this.#sql);
  }

  // Relations made of this one.

  select(...expressions: readonly string[]): DataFrame {
    return this.#from({
      case: 'project',
      value: { input: this.relation, expressions: expressions.map(textExpression) },
    });
  }

  filter(condition: string): DataFrame {
    return this.#from({ case: 'filter', value: { input: this.relation, condition: textExpression(condition) } });
  }

  limit(rows: number): DataFrame {
    return this.#from({ case: 'limit', value: { input: this.relation, limit: rows } });
  }

  offset(rows: number): DataFrame {
    return this.#from({ case: 'offset', value: { input: this.relation, offset: rows } });
  }

  drop(...columnNames: readonly string[]): DataFrame {
    return this.#from({ case: 'drop', value: { input: this.relation, columnNames: [...columnNames] } });
  }

  /** New names for all columns. */
  toDF(...columnNames: readonly string[]): DataFrame {
    return this.#from({ case: 'toDf', value: { input: this.relation, columnNames: [...columnNames] } });
  }

  alias(alias: string): DataFrame {
    return this.#from({ case: 'subqueryAlias', value: { input: this.relation, alias } });
  }

  repartition(numPartitions: number): DataFrame {
    return this.#from({ case: 'repartition', value: { input: this.relation, numPartitions, shuffle: true } });
  }

  /** All rows of both, duplicates too, columns by their order. */
  unionAll(other: DataFrame): DataFrame {
    return this.#from({
      case: 'setOp',
      value: {
        leftInput: this.relation,
        rightInput: other.relation,
        setOpType: SetOperationType.UNION,
        isAll: true,
      },
    });
  }

  dropDuplicates(options: DeduplicateOptions = {}): DataFrame {
    const { columns = [], within } = options;
    return this.#from({
      case: 'deduplicate',
      value: {
        input: this.relation,
        columnNames: [...columns],
        allColumnsAsKeys: columns.length === 0,
        withinWatermark: within === 'watermark',
      },
    });
  }

  /** Rows of a stream may come this much later than the latest `eventTime` seen, as in `'10 seconds'`. */
  withWatermark(eventTime: string, delayThreshold: string): DataFrame {
    return this.#from({ case: 'withWatermark', value: { input: this.relation, eventTime, delayThreshold } });
  }

  // Questions about the plan.

  async schema(): Promise<StructType> {
    const plan = this.#plan();
    const answer = await this.#located(this.#session.analyze({ case: 'schema', value: { plan } }, 'schema'));
    return fromWireSchema(answer.schema);
  }

  async explain(mode: keyof typeof EXPLAIN_MODES = 'simple'): Promise<string> {
    const value = { plan: this.#plan(), explainMode: EXPLAIN_MODES[mode] };
    return (await this.#located(this.#session.analyze({ case: 'explain', value }, 'explain'))).text;
  }

  async isStreaming(): Promise<boolean> {
    const plan = this.#plan();
    return (await this.#located(this.#session.analyze({ case: 'isStreaming', value: { plan } }, 'isStreaming'))).value;
  }

  /** The schema as a tree of text. */
  async treeString(): Promise<string> {
    const plan = this.#plan();
    return (await this.#located(this.#session.analyze({ case: 'treeString', value: { plan } }, 'treeString'))).text;
  }

  // Rows.

  /** Rows as they arrive, in batches. Leaving the loop early ends the operation on the server. */
  async *batches(options?: OperationOptions): AsyncGenerator<ResultBatch> {
    let schema: StructType | undefined;
    try {
      for await (const response of this.#session.execute(this.#plan(), options)) {
        if (response.schema !== undefined) schema = fromWireSchema(response.schema);
        if (response.responseType.case !== 'arrowBatch') continue;
        yield* readBatch(response.responseType.value, schema ?? { kind: 'struct', fields: [] });
      }
    } catch (error) {
      throw this.#locate(error);
    }
  }

  /** Rows as objects, one at a time. */
  async *rows(options?: OperationOptions): AsyncGenerator<Row> {
    for await (const batch of this.batches(options)) yield* batch.rows();
  }

  /** Rows as arrays, in the order of the columns. */
  async *tuples(options?: OperationOptions): AsyncGenerator<readonly Value[]> {
    for await (const batch of this.batches(options)) yield* batch.tuples();
  }

  /** All rows at once. The result must fit into memory. */
  async collect(options?: OperationOptions): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of this.rows(options)) rows.push(row);
    return rows;
  }

  async first(options?: OperationOptions): Promise<Row | undefined> {
    return (await this.limit(1).collect(options))[0];
  }

  async count(options?: OperationOptions): Promise<number> {
    const counted = this.#from({
      case: 'aggregate',
      value: {
        input: this.relation,
        groupType: GroupType.GROUPBY,
        aggregateExpressions: [textExpression('count(*) AS count')],
      },
    });
    return Number((await counted.first(options))?.count);
  }

  /** A table of text for people. */
  async showString(options: ShowOptions = {}): Promise<string> {
    const { rows = 20, width = 20 } = options;
    const value = { input: this.relation, numRows: rows, truncate: width };
    const row = await this.#from({ case: 'showString', value }).first();
    return String(row?.show_string ?? '');
  }

  // Names and targets.

  /** Names the relation for SQL texts of this session. */
  async createTempView(name: string, options: TempViewOptions = {}): Promise<void> {
    const replace = options.whenExists !== 'fail';
    const value = { input: this.relation, name, replace, isGlobal: options.scope === 'global' };
    await this.#located(this.#session.command({ case: 'createDataframeView', value }));
  }

  createOrReplaceTempView(name: string): Promise<void> {
    return this.createTempView(name);
  }

  get write(): DataFrameWriter {
    return new DataFrameWriter(this.#session, this.relation);
  }

  get writeStream(): DataStreamWriter {
    return new DataStreamWriter(this.#session, this.relation);
  }

  #plan() {
    return { opType: { case: 'root' as const, value: this.relation } };
  }

  #locate(error: unknown): unknown {
    return this.#sql === undefined ? error : locate(this.#sql, error);
  }

  async #located<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer;
    } catch (error) {
      throw this.#locate(error);
    }
  }
}

function* readBatch({ data, rowCount }: ArrowBatch, schema: StructType): Generator<ResultBatch> {
  let rows = 0;
  for (const batch of readArrowStream(data)) {
    rows += batch.numRows;
    yield new ResultBatch(batch, schema);
  }
  if (BigInt(rows) !== rowCount)
    throw new SparkClientError(`the server announced ${rowCount} rows in a batch and sent ${rows}`);
}
