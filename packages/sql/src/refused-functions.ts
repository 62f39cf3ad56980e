import type { DiagnosticCode } from './diagnostic.js';

/** Functions that Spark has and a job must not or does not have, with the reason and what to write. */

export interface RefusedFunction {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string;
}

function clock(name: string): RefusedFunction {
  return {
    code: 'NOT_DETERMINISTIC',
    message: `${name} is not allowed: a job that is run again over the same messages must give the same results`,
    hint: 'use the column time: when the broker accepted the message',
  };
}

function chance(name: string): RefusedFunction {
  return {
    code: 'NOT_DETERMINISTIC',
    message: `${name} is not allowed: a job that is run again over the same messages must give the same results`,
    hint: 'take a value from the message, as crc32(body) or message_id',
  };
}

function aggregate(name: string): RefusedFunction {
  return {
    code: 'UNSUPPORTED',
    message: `the aggregate ${name} is not supported`,
    hint: 'aggregates: count, count_if, sum, avg, min, max, each with FILTER (WHERE …)',
  };
}

function cast(name: string, type: string): RefusedFunction {
  return { code: 'UNSUPPORTED', message: `the function ${name} is not supported`, hint: `write CAST(x AS ${type})` };
}

const CLOCKS = ['current_timestamp', 'now', 'current_date', 'curdate', 'current_time', 'localtimestamp', 'getdate'];
const CHANCES = [
  'rand',
  'random',
  'randn',
  'uuid',
  'shuffle',
  'monotonically_increasing_id',
  'spark_partition_id',
  'randstr',
];
const AGGREGATES = [
  'approx_count_distinct',
  'any_value',
  'array_agg',
  'bool_and',
  'bool_or',
  'collect_list',
  'collect_set',
  'corr',
  'every',
  'first',
  'first_value',
  'histogram_numeric',
  'kurtosis',
  'last',
  'last_value',
  'listagg',
  'max_by',
  'median',
  'min_by',
  'mode',
  'percentile',
  'percentile_approx',
  'skewness',
  'some',
  'std',
  'stddev',
  'stddev_pop',
  'stddev_samp',
  'string_agg',
  'try_avg',
  'try_sum',
  'var_pop',
  'var_samp',
  'variance',
];
const CASTS: Readonly<Record<string, string>> = {
  bigint: 'BIGINT',
  binary: 'BINARY',
  boolean: 'BOOLEAN',
  decimal: 'DECIMAL(10, 2)',
  double: 'DOUBLE',
  float: 'FLOAT',
  int: 'INT',
  string: 'STRING',
  timestamp: 'TIMESTAMP',
};
const OTHERS: Readonly<Record<string, RefusedFunction>> = {
  session_window: {
    code: 'UNSUPPORTED',
    message: 'session_window() is not supported yet',
    hint: `write window(time, '30 seconds'), a window of a fixed length`,
  },
  window_time: {
    code: 'UNSUPPORTED',
    message: 'window_time() is not supported: a job has one aggregation',
    hint: 'aggregate again in a second job that reads the results of the first',
  },
  from_json: {
    code: 'UNSUPPORTED',
    message: 'from_json() is not supported: a job has no nested types',
    hint: `take each field: get_json_object(body, '$.field'), or give the address a schema`,
  },
  to_json: {
    code: 'UNSUPPORTED',
    message: 'to_json() is not supported',
    hint: 'output columns beside the message columns become a JSON object by themselves',
  },
  json_tuple: {
    code: 'UNSUPPORTED',
    message: 'json_tuple() is not supported: it makes several columns',
    hint: `take each field: get_json_object(body, '$.field')`,
  },
  explode: { code: 'UNSUPPORTED', message: 'explode() is not supported: a job has no arrays', hint: '' },
  pmod: { code: 'UNSUPPORTED', message: 'pmod() is not supported', hint: 'write ((x % y) + y) % y' },
};

export function refusedFunction(name: string): RefusedFunction | undefined {
  const wanted = name.toLowerCase();
  if (CLOCKS.includes(wanted)) return clock(wanted);
  if (CHANCES.includes(wanted)) return chance(wanted);
  if (Object.hasOwn(OTHERS, wanted)) return OTHERS[wanted];
  return undefined;
}

/** The same for names that are refused only where they are called. */
export function refusedCall(name: string): RefusedFunction | undefined {
  const wanted = name.toLowerCase();
  if (AGGREGATES.includes(wanted)) return aggregate(wanted);
  const type = Object.hasOwn(CASTS, wanted) ? CASTS[wanted] : undefined;
  return type === undefined ? refusedFunction(wanted) : cast(wanted, type);
}
