/** The types of Spark SQL. `nullable` of fields and elements is what Spark says of them. */
export type DataType =
  | { readonly kind: PlainKind }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'string'; readonly collation: string | undefined }
  | { readonly kind: 'char' | 'varchar'; readonly length: number }
  | { readonly kind: 'time' | 'timestamp_ntz_nanos' | 'timestamp_ltz_nanos'; readonly precision: number }
  | { readonly kind: 'yearMonthInterval'; readonly start: YearMonthField; readonly end: YearMonthField }
  | { readonly kind: 'dayTimeInterval'; readonly start: DayTimeField; readonly end: DayTimeField }
  | ArrayType
  | MapType
  | StructType
  | { readonly kind: 'geometry' | 'geography'; readonly srid: number }
  | { readonly kind: 'userDefined'; readonly className: string; readonly sqlType: DataType | undefined }
  /** A type that this client does not know yet, as the server names it. */
  | { readonly kind: 'unknown'; readonly text: string };

export type PlainKind =
  | 'void'
  | 'boolean'
  | 'byte'
  | 'short'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | 'calendarInterval'
  | 'variant';

export interface ArrayType {
  readonly kind: 'array';
  readonly element: DataType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly kind: 'map';
  readonly key: DataType;
  readonly value: DataType;
  readonly valueContainsNull: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** What was attached to the column, such as a comment or the delay of its watermark. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export const YEAR_MONTH_FIELDS = ['year', 'month'] as const;
export const DAY_TIME_FIELDS = ['day', 'hour', 'minute', 'second'] as const;
export type YearMonthField = (typeof YEAR_MONTH_FIELDS)[number];
export type DayTimeField = (typeof DAY_TIME_FIELDS)[number];

const PLAIN_TEXT: Readonly<Record<PlainKind, string>> = {
  void: 'VOID',
  boolean: 'BOOLEAN',
  byte: 'TINYINT',
  short: 'SMALLINT',
  integer: 'INT',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  binary: 'BINARY',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamp_ntz: 'TIMESTAMP_NTZ',
  calendarInterval: 'INTERVAL',
  variant: 'VARIANT',
};

export function quoteIdentifier(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

function intervalText(start: string, end: string): string {
  return `INTERVAL ${start.toUpperCase()}${start === end ? '' : ` TO ${end.toUpperCase()}`}`;
}

function fieldText({ name, type, nullable }: StructField): string {
  return `${quoteIdentifier(name)}: ${typeText(type)}${nullable ? '' : ' NOT NULL'}`;
}

/** The type as SQL writes it: `MAP<STRING, DECIMAL(10,2)>`. */
export function typeText(type: DataType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'string':
      return type.collation === undefined ? 'STRING' : `STRING COLLATE ${type.collation}`;
    case 'char':
    case 'varchar':
      return `${type.kind.toUpperCase()}(${type.length})`;
    case 'time':
      return `TIME(${type.precision})`;
    case 'timestamp_ntz_nanos':
      return `TIMESTAMP_NTZ(${type.precision})`;
    case 'timestamp_ltz_nanos':
      return `TIMESTAMP(${type.precision})`;
    case 'yearMonthInterval':
    case 'dayTimeInterval':
      return intervalText(type.start, type.end);
    case 'array':
      return `ARRAY<${typeText(type.element)}>`;
    case 'map':
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'struct':
      return `STRUCT<${type.fields.map(fieldText).join(', ')}>`;
    case 'geometry':
    case 'geography':
      return `${type.kind.toUpperCase()}(${type.srid < 0 ? 'ANY' : type.srid})`;
    case 'userDefined':
      return type.sqlType === undefined ? type.className : typeText(type.sqlType);
    case 'unknown':
      return type.text;
    default:
      return PLAIN_TEXT[type.kind];
  }
}

/** The columns as a DDL text: what `schema` of a reader takes. */
export function schemaText(schema: StructType): string {
  return schema.fields
    .map(({ name, type, nullable }) => `${quoteIdentifier(name)} ${typeText(type)}${nullable ? '' : ' NOT NULL'}`)
    .join(', ');
}
