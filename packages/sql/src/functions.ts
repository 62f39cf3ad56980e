import type { FunctionCategory, FunctionDefinition, NullRule, Parameter, ResultRule } from './function-signature.js';
import type { DataType } from './plan.js';

/**
 * The function catalogue: every function that the text may call, and every operator that a plan's `call` may name.
 * Names, argument order, result types and NULL rules are Spark 4's with ANSI mode on; what a function computes is the
 * engine's part. An engine sees canonical names only, with every optional argument filled in and every argument cast.
 */

const STRING: DataType = { name: 'STRING' };
const INT: DataType = { name: 'INT' };
const BIGINT: DataType = { name: 'BIGINT' };
const DOUBLE: DataType = { name: 'DOUBLE' };
const BOOLEAN: DataType = { name: 'BOOLEAN' };
const BINARY: DataType = { name: 'BINARY' };
const TIMESTAMP: DataType = { name: 'TIMESTAMP' };
const MAP: DataType = { name: 'MAP' };

const text = (name: string): Parameter => ({ name, accepts: ['STRING'] });
const textOr = (name: string, value: string): Parameter => ({ ...text(name), fallback: { value, type: STRING } });
const constant = (name: string): Parameter => ({ ...text(name), constant: true });
const constantOr = (name: string, value: string): Parameter => ({ ...textOr(name, value), constant: true });
const textOrBytes = (name: string): Parameter => ({ name, accepts: ['STRING', 'BINARY'] });
const bytes = (name: string): Parameter => ({ name, accepts: ['BINARY'] });
const int = (name: string): Parameter => ({ name, accepts: ['INT'] });
const intOr = (name: string, value: number): Parameter => ({ ...int(name), fallback: { value, type: INT } });
const constantInt = (name: string): Parameter => ({ ...int(name), constant: true });
const constantIntOr = (name: string, value: number): Parameter => ({ ...intOr(name, value), constant: true });
const exactBigint = (name: string): Parameter => ({ name, accepts: ['BIGINT'], exact: true });
const exactText = (name: string): Parameter => ({ name, accepts: ['STRING'], exact: true });
const exactTime = (name: string): Parameter => ({ name, accepts: ['TIMESTAMP'], exact: true });
const double = (name: string): Parameter => ({ name, accepts: ['DOUBLE'] });
const number = (name: string): Parameter => ({ name, accepts: ['DOUBLE', 'INT', 'BIGINT', 'FLOAT', 'DECIMAL'] });
/** INT and FLOAT become DOUBLE, which holds them exactly. */
const wide = (name: string): Parameter => ({ name, accepts: ['DOUBLE', 'BIGINT', 'DECIMAL'] });
const time = (name: string): Parameter => ({ name, accepts: ['TIMESTAMP'] });
const condition = (name: string): Parameter => ({ name, accepts: ['BOOLEAN'] });
const comparable = (name: string): Parameter => ({ name, accepts: 'comparable' });
const joined = (name: string): Parameter => ({ name, accepts: 'joined' });
const common = (name: string): Parameter => ({ name, accepts: 'common' });
const any = (name: string): Parameter => ({ name, accepts: 'any' });
const map = (name: string): Parameter => ({ name, accepts: ['MAP'] });

interface Declaration {
  readonly aliases?: readonly string[];
  readonly takes: readonly Parameter[];
  readonly repeats?: number;
  readonly minimumRepeats?: number;
  readonly gives: DataType | Exclude<ResultRule, { rule: 'type' }>;
  /** Default: `when-any-argument-is`. */
  readonly nulls?: NullRule;
  readonly rewritten?: true;
  readonly written?: string;
  readonly summary: string;
}

type Table = Readonly<Record<string, Declaration>>;

const FIRST_ARGUMENT = { rule: 'argument', index: 0 } as const;
const COMMON = { rule: 'common' } as const;

const STRING_FUNCTIONS: Table = {
  upper: { aliases: ['ucase'], takes: [text('text')], gives: STRING, summary: 'In upper case.' },
  lower: { aliases: ['lcase'], takes: [text('text')], gives: STRING, summary: 'In lower case.' },
  trim: {
    written: 'trim([BOTH characters FROM] text)',
    takes: [text('text'), textOr('characters', ' ')],
    gives: STRING,
    summary: 'Without the leading and trailing characters that occur in `characters`: blanks, if none are given.',
  },
  ltrim: {
    written: 'ltrim(text)',
    takes: [text('text'), textOr('characters', ' ')],
    gives: STRING,
    summary: 'Without the leading ones; `trim(LEADING characters FROM text)`.',
  },
  rtrim: {
    written: 'rtrim(text)',
    takes: [text('text'), textOr('characters', ' ')],
    gives: STRING,
    summary: 'Without the trailing ones; `trim(TRAILING characters FROM text)`.',
  },
  length: {
    aliases: ['char_length', 'character_length', 'len'],
    takes: [textOrBytes('value')],
    gives: INT,
    summary: 'Characters (code points) of a STRING, bytes of a BINARY.',
  },
  octet_length: { takes: [textOrBytes('value')], gives: INT, summary: 'Bytes; of a STRING in UTF-8.' },
  substring: {
    aliases: ['substr'],
    takes: [text('text'), int('position'), intOr('length', 2147483647)],
    gives: STRING,
    summary: 'From `position` (1 is the first, -1 the last character); `substring(text FROM position FOR length)` too.',
  },
  left: { takes: [text('text'), int('length')], gives: STRING, summary: 'The first `length` characters.' },
  right: { takes: [text('text'), int('length')], gives: STRING, summary: 'The last `length` characters.' },
  concat: {
    takes: [joined('part')],
    repeats: 1,
    gives: FIRST_ARGUMENT,
    summary: 'All parts one after the other; also `a || b`. BINARY when all parts are, else STRING.',
  },
  concat_ws: {
    takes: [text('separator'), text('part')],
    repeats: 1,
    gives: STRING,
    nulls: 'sometimes',
    summary: 'The parts that are not NULL with the separator between. NULL only for a NULL separator.',
  },
  replace: {
    takes: [text('text'), text('search'), textOr('replacement', '')],
    gives: STRING,
    summary: 'With every occurrence of `search` replaced.',
  },
  split_part: {
    takes: [text('text'), text('delimiter'), int('part')],
    gives: STRING,
    summary: 'The part with this number: 1 is the first, -1 the last, empty beyond the end; 0 is an error.',
  },
  instr: { takes: [text('text'), text('search')], gives: INT, summary: 'Position of the first occurrence, or 0.' },
  locate: {
    aliases: ['position'],
    takes: [text('search'), text('text'), intOr('start', 1)],
    gives: INT,
    summary: 'Position of the first occurrence from `start` on, or 0.',
  },
  lpad: {
    takes: [text('text'), int('length'), textOr('pad', ' ')],
    gives: STRING,
    summary: 'Padded on the left, or cut, to `length` characters.',
  },
  rpad: {
    takes: [text('text'), int('length'), textOr('pad', ' ')],
    gives: STRING,
    summary: 'Padded on the right, or cut, to `length` characters.',
  },
  reverse: { takes: [text('text')], gives: STRING, summary: 'With the characters in reverse order.' },
  repeat: { takes: [text('text'), int('times')], gives: STRING, summary: 'The text `times` times.' },
  startswith: { takes: [text('text'), text('prefix')], gives: BOOLEAN, summary: 'Whether the text begins so.' },
  endswith: { takes: [text('text'), text('suffix')], gives: BOOLEAN, summary: 'Whether the text ends so.' },
  contains: { takes: [text('text'), text('search')], gives: BOOLEAN, summary: 'Whether `search` occurs.' },
  regexp_extract: {
    takes: [text('text'), constant('pattern'), constantIntOr('group', 1)],
    gives: STRING,
    summary: 'The group of the first match (0 is the whole match); empty without a match.',
  },
  regexp_replace: {
    takes: [text('text'), constant('pattern'), text('replacement')],
    gives: STRING,
    summary: 'Every match replaced; `$1` in the replacement is group 1.',
  },
  get_json_object: {
    takes: [exactText('json'), constant('path')],
    gives: STRING,
    nulls: 'sometimes',
    summary: 'The value at a path as `$.a.b[0]`; NULL if there is none or the text is not JSON.',
  },
};

const NUMBER_FUNCTIONS: Table = {
  abs: { takes: [number('x')], gives: FIRST_ARGUMENT, summary: 'Absolute value; overflow is an error.' },
  ceil: {
    aliases: ['ceiling'],
    takes: [wide('x')],
    gives: { rule: 'rounded-to-integer' },
    summary: 'The least integer that is not below x.',
  },
  floor: { takes: [wide('x')], gives: { rule: 'rounded-to-integer' }, summary: 'The greatest integer not above x.' },
  round: {
    takes: [number('x'), constantIntOr('scale', 0)],
    gives: { rule: 'rounded' },
    summary: 'Rounded half up to `scale` decimals; a negative scale rounds to tens, hundreds, …',
  },
  sqrt: { takes: [double('x')], gives: DOUBLE, summary: 'Square root; NaN below 0.' },
  power: { aliases: ['pow'], takes: [double('x'), double('y')], gives: DOUBLE, summary: 'x to the power y.' },
  exp: { takes: [double('x')], gives: DOUBLE, summary: 'e to the power x.' },
  ln: { takes: [double('x')], gives: DOUBLE, nulls: 'sometimes', summary: 'Natural logarithm; NULL for x ≤ 0.' },
  log10: { takes: [double('x')], gives: DOUBLE, nulls: 'sometimes', summary: 'Logarithm to 10; NULL for x ≤ 0.' },
  sign: { aliases: ['signum'], takes: [double('x')], gives: DOUBLE, summary: '-1.0, 0.0 or 1.0.' },
  mod: {
    takes: [any('x'), any('y')],
    gives: { rule: 'arithmetic', operator: 'remainder' },
    rewritten: true,
    summary: 'The same as `x % y`.',
  },
  try_add: {
    takes: [any('x'), any('y')],
    gives: { rule: 'arithmetic', operator: 'add' },
    nulls: 'sometimes',
    summary: 'x + y, NULL on overflow.',
  },
  try_subtract: {
    takes: [any('x'), any('y')],
    gives: { rule: 'arithmetic', operator: 'subtract' },
    nulls: 'sometimes',
    summary: 'x - y, NULL on overflow.',
  },
  try_multiply: {
    takes: [any('x'), any('y')],
    gives: { rule: 'arithmetic', operator: 'multiply' },
    nulls: 'sometimes',
    summary: 'x * y, NULL on overflow.',
  },
  try_divide: {
    takes: [any('x'), any('y')],
    gives: { rule: 'arithmetic', operator: 'divide' },
    nulls: 'sometimes',
    summary: 'x / y, NULL when y is 0.',
  },
};

const CONDITION_FUNCTIONS: Table = {
  coalesce: {
    takes: [common('value')],
    repeats: 1,
    gives: COMMON,
    nulls: 'when-all-arguments-are',
    summary: 'The first argument that is not NULL.',
  },
  greatest: {
    takes: [comparable('value')],
    repeats: 1,
    minimumRepeats: 2,
    gives: COMMON,
    nulls: 'when-all-arguments-are',
    summary: 'The greatest argument; NULLs are skipped.',
  },
  least: {
    takes: [comparable('value')],
    repeats: 1,
    minimumRepeats: 2,
    gives: COMMON,
    nulls: 'when-all-arguments-are',
    summary: 'The least argument; NULLs are skipped.',
  },
  ifnull: {
    aliases: ['nvl'],
    takes: [common('value'), common('otherwise')],
    gives: COMMON,
    nulls: 'when-all-arguments-are',
    rewritten: true,
    summary: 'The same as `coalesce(value, otherwise)`.',
  },
  nullif: {
    takes: [any('value'), any('other')],
    gives: FIRST_ARGUMENT,
    nulls: 'sometimes',
    rewritten: true,
    summary: 'NULL if both are equal, else `value`.',
  },
  if: {
    takes: [condition('condition'), common('then'), common('otherwise')],
    gives: COMMON,
    nulls: 'sometimes',
    rewritten: true,
    summary: 'The same as `CASE WHEN condition THEN then ELSE otherwise END`.',
  },
  nvl2: {
    takes: [any('value'), common('then'), common('otherwise')],
    gives: COMMON,
    nulls: 'sometimes',
    rewritten: true,
    summary: '`then` if `value` is not NULL, else `otherwise`.',
  },
  isnull: { takes: [any('value')], gives: BOOLEAN, nulls: 'never', rewritten: true, summary: '`value IS NULL`.' },
  isnotnull: {
    takes: [any('value')],
    gives: BOOLEAN,
    nulls: 'never',
    rewritten: true,
    summary: '`value IS NOT NULL`.',
  },
};

const TIME_FUNCTIONS: Table = {
  date_trunc: {
    takes: [constant('unit'), time('time')],
    gives: TIMESTAMP,
    summary: 'Cut to the unit: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND.',
  },
  date_format: {
    takes: [time('time'), constant('format')],
    gives: STRING,
    summary: 'As text, by the letters y M d H m s S and quoted text (see Formats).',
  },
  to_timestamp: {
    takes: [{ name: 'text', accepts: ['STRING', 'TIMESTAMP'], exact: true }, constantOr('format', '')],
    gives: TIMESTAMP,
    summary: 'From text; without a format the same as CAST. Bad text is an error.',
  },
  try_to_timestamp: {
    takes: [{ name: 'text', accepts: ['STRING', 'TIMESTAMP'], exact: true }, constantOr('format', '')],
    gives: TIMESTAMP,
    nulls: 'sometimes',
    summary: 'The same, NULL for bad text.',
  },
  timestamp_seconds: {
    takes: [exactBigint('seconds')],
    gives: TIMESTAMP,
    summary: 'From seconds since 1970-01-01 UTC.',
  },
  timestamp_millis: { takes: [exactBigint('millis')], gives: TIMESTAMP, summary: 'From milliseconds since then.' },
  timestamp_micros: { takes: [exactBigint('micros')], gives: TIMESTAMP, summary: 'From microseconds since then.' },
  unix_timestamp: {
    aliases: ['unix_seconds'],
    takes: [exactTime('time')],
    gives: BIGINT,
    summary: 'Whole seconds since 1970-01-01 UTC.',
  },
  unix_millis: { takes: [exactTime('time')], gives: BIGINT, summary: 'Whole milliseconds since then.' },
  unix_micros: { takes: [exactTime('time')], gives: BIGINT, summary: 'Microseconds since then.' },
  year: { takes: [time('time')], gives: INT, summary: 'Year, UTC.' },
  month: { takes: [time('time')], gives: INT, summary: 'Month, 1 to 12.' },
  day: { aliases: ['dayofmonth'], takes: [time('time')], gives: INT, summary: 'Day of the month, 1 to 31.' },
  dayofweek: { takes: [time('time')], gives: INT, summary: 'Day of the week: 1 is Sunday, 7 Saturday.' },
  hour: { takes: [time('time')], gives: INT, summary: 'Hour, 0 to 23.' },
  minute: { takes: [time('time')], gives: INT, summary: 'Minute, 0 to 59.' },
  second: { takes: [time('time')], gives: INT, summary: 'Second, 0 to 59.' },
};

const BYTES_FUNCTIONS: Table = {
  hex: {
    takes: [{ name: 'value', accepts: ['BIGINT', 'BINARY', 'STRING'], exact: true }],
    gives: STRING,
    summary: 'Upper-case hexadecimal digits of a number (two’s complement), of bytes, or of a text in UTF-8.',
  },
  unhex: {
    takes: [text('digits')],
    gives: BINARY,
    nulls: 'sometimes',
    summary: 'The bytes; an odd first digit stands alone.',
  },
  base64: {
    takes: [bytes('bytes')],
    gives: STRING,
    summary: 'Base64 with padding, in lines of 76 characters that CR LF parts (MIME).',
  },
  unbase64: {
    takes: [text('text')],
    gives: BINARY,
    summary: 'The bytes; characters that are not of Base64 are skipped.',
  },
  md5: { takes: [bytes('bytes')], gives: STRING, summary: 'MD5 as 32 hexadecimal digits.' },
  sha2: {
    takes: [bytes('bytes'), constantInt('bits')],
    gives: STRING,
    summary: 'SHA-224, -256, -384 or -512 as hexadecimal digits; 0 means 256.',
  },
  crc32: { takes: [bytes('bytes')], gives: BIGINT, summary: 'CRC-32.' },
};

const MAP_FUNCTIONS: Table = {
  map: {
    takes: [exactText('key'), exactText('value')],
    repeats: 2,
    gives: MAP,
    nulls: 'never',
    summary: 'A MAP<STRING, STRING> of keys and values. A NULL or repeated key is an error.',
  },
  element_at: {
    aliases: ['try_element_at'],
    takes: [map('map'), exactText('key')],
    gives: STRING,
    nulls: 'sometimes',
    summary: 'The value of the key, also `map[key]`; NULL without such a key.',
  },
  map_contains_key: { takes: [map('map'), exactText('key')], gives: BOOLEAN, summary: 'Whether the map has the key.' },
  map_concat: {
    takes: [map('map')],
    repeats: 1,
    gives: MAP,
    summary: 'All entries of the maps; a key that occurs twice is an error.',
  },
};

const TYPE_FUNCTIONS: Table = {
  typeof: { takes: [any('value')], gives: STRING, nulls: 'never', rewritten: true, summary: 'The name of the type.' },
};

function define(category: FunctionCategory, table: Table): FunctionDefinition[] {
  return Object.entries(table).map(([name, declaration]) => {
    const { aliases = [], takes, gives, nulls = 'when-any-argument-is', ...rest } = declaration;
    const result: ResultRule = 'rule' in gives ? gives : { rule: 'type', type: gives };
    return { name, aliases, category, parameters: takes, result, nulls, ...rest };
  });
}

/** Every function, in the order of the documentation. */
export const FUNCTIONS: readonly FunctionDefinition[] = [
  ...define('string', STRING_FUNCTIONS),
  ...define('number', NUMBER_FUNCTIONS),
  ...define('condition', CONDITION_FUNCTIONS),
  ...define('time', TIME_FUNCTIONS),
  ...define('bytes', BYTES_FUNCTIONS),
  ...define('map', MAP_FUNCTIONS),
  ...define('type', TYPE_FUNCTIONS),
];

const BY_NAME: ReadonlyMap<string, FunctionDefinition> = new Map(
  FUNCTIONS.flatMap((definition) =>
    [definition.name, ...definition.aliases].map((name) => [name, definition] as const),
  ),
);

/** Looks a function up by its name or an alias, in lower case. */
export function findFunction(name: string): FunctionDefinition | undefined {
  return BY_NAME.get(name);
}

/** All names and aliases, for suggestions and completion. */
export function functionNames(): readonly string[] {
  return [...BY_NAME.keys()];
}
