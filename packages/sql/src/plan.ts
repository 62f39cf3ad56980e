/**
 * The checked logical plan: what the parser and checker hand to a processing engine. Pure data, JSON-safe except for
 * BigInt literals. A plan has no text left in it: names are resolved to column positions, functions to canonical
 * names, types are known everywhere.
 */

/** SQL types, spelled as Spark spells them. DECIMAL has precision and scale; MAP is MAP<STRING, STRING> only. */
export type DataType =
  | { readonly name: 'BOOLEAN' | 'INT' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'STRING' | 'BINARY' | 'TIMESTAMP' }
  | { readonly name: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | { readonly name: 'MAP' }
  /** `window`: a struct of two timestamps, `start` and `end`. */
  | { readonly name: 'WINDOW' }
  /** The type of a bare NULL. */
  | { readonly name: 'VOID' };

export interface Field {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

/** Half-open range of characters in the SQL text, for errors that happen while rows are computed. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** BIGINT and DECIMAL literals are bigint (DECIMAL unscaled); TIMESTAMP is microseconds since the epoch. */
export type LiteralValue = string | number | bigint | boolean | Uint8Array | null;

export type Expression =
  | { readonly kind: 'column'; readonly index: number; readonly field: Field; readonly span: Span }
  | { readonly kind: 'literal'; readonly value: LiteralValue; readonly type: DataType; readonly span: Span }
  | {
      readonly kind: 'call';
      /** Canonical lower-case name from the function catalogue; operators too: `add`, `eq`, `and`, `is_null`, `like`. */
      readonly name: string;
      readonly args: readonly Expression[];
      readonly type: DataType;
      readonly nullable: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'cast';
      readonly operand: Expression;
      readonly type: DataType;
      /** `ansi` fails the row on bad input, `try` gives NULL. */
      readonly mode: 'ansi' | 'try';
      readonly nullable: boolean;
      readonly span: Span;
    }
  | {
      /** `CASE WHEN … THEN … ELSE … END`; a simple CASE is rewritten to this form. */
      readonly kind: 'case';
      readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | undefined;
      readonly type: DataType;
      readonly nullable: boolean;
      readonly span: Span;
    };

export interface AggregateCall {
  readonly name: 'count' | 'count_star' | 'count_if' | 'sum' | 'avg' | 'min' | 'max';
  /** Over the input's columns. Undefined for `count(*)` only. */
  readonly argument: Expression | undefined;
  /** `FILTER (WHERE …)`. */
  readonly filter: Expression | undefined;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly span: Span;
}

/** `window(time, '5 seconds'[, '1 second'])`: starts at multiples of the slide since the epoch. Microseconds. */
export interface WindowSpec {
  readonly time: Expression;
  readonly sizeUs: number;
  readonly slideUs: number;
}

/** The columns of an address' schema, in its order: a CSV value is known by where it stands. */
export interface SourceSchema {
  readonly format: 'json' | 'csv';
  readonly columns: readonly { readonly name: string; readonly type: DataType }[];
}

/** A tree with the source at the bottom. Each node's `output` is the schema that its parent's column indexes mean. */
export type PlanNode =
  | {
      /** A stream of messages. Only the columns that the job reads are in `output`; their names are the row's (DESIGN §2). */
      readonly kind: 'source';
      /** Name of a queue or topic, or a topic filter with `+` and `#`. */
      readonly address: string;
      readonly output: readonly Field[];
      /** How the body becomes the columns of the address' schema. Absent: it has none, or nobody said how. */
      readonly schema?: SourceSchema;
    }
  | {
      readonly kind: 'filter';
      readonly input: PlanNode;
      readonly condition: Expression;
      readonly output: readonly Field[];
    }
  | {
      readonly kind: 'project';
      readonly input: PlanNode;
      readonly expressions: readonly Expression[];
      readonly output: readonly Field[];
    }
  | {
      readonly kind: 'aggregate';
      readonly input: PlanNode;
      /** Undefined only where the statement has no window: refused by the checker for streams without one. */
      readonly window: WindowSpec;
      /** Grouping columns beside the window, over the input's columns. */
      readonly groups: readonly Expression[];
      readonly aggregates: readonly AggregateCall[];
      /** `window` (WINDOW), then the groups, then the aggregates. */
      readonly output: readonly Field[];
    };

/** How late rows may be. Undefined on a job: the watermark is over `time`. */
export interface WatermarkSpec {
  /** `WATERMARK column DELAY OF INTERVAL …` in the text, or what the schema of the address says: the text has none then. */
  readonly origin: 'statement' | 'schema';
  readonly column: string;
  readonly delayUs: number;
  /** The event time of a source row, over the source's `output`: the column itself, or what a subquery computes for it. */
  readonly time: Expression;
}

/** A checked SELECT: what a preview runs. */
export interface QueryPlan {
  /** The SQL text that was checked; spans point into it. */
  readonly sql: string;
  readonly source: Extract<PlanNode, { kind: 'source' }>;
  readonly watermark: WatermarkSpec | undefined;
  readonly root: PlanNode;
}

/** One job: `INSERT INTO target SELECT … FROM STREAM …`. */
export interface JobPlan extends QueryPlan {
  /** Address of the INSERT INTO. A column `address` of the output overrides it row by row. */
  readonly target: string;
  /** Whether the message's body is the column `body`, or a JSON object of the columns that are no message columns. */
  readonly body: 'column' | 'json';
}
