import type { AggregateCall, DataType } from '@millrace/sql';
import { formOf } from '../vector.js';
import type { Accumulator } from './accumulator.js';
import { CountAccumulator } from './count.js';
import { DoubleExtreme, IntExtreme, LongExtreme, ValueExtreme } from './extreme.js';
import { DecimalSumAccumulator, DoubleSumAccumulator, IntSumAccumulator, LongSumAccumulator } from './sum.js';

/** An empty accumulator for one aggregate of a plan, whose argument has that type. */
export function makeAccumulator(aggregate: AggregateCall, argument: DataType | undefined): Accumulator {
  switch (aggregate.name) {
    case 'count':
    case 'count_star':
    case 'count_if':
      return new CountAccumulator();
    case 'sum':
    case 'avg':
      return makeSum(aggregate.name, argument!, aggregate.type);
    case 'min':
    case 'max':
      return makeExtreme(aggregate.name, argument!);
  }
}

function makeSum(name: 'sum' | 'avg', argument: DataType, result: DataType): Accumulator {
  if (argument.name === 'DECIMAL') return new DecimalSumAccumulator(name, argument, result);
  if (name === 'sum' && argument.name === 'INT') return new IntSumAccumulator();
  if (name === 'sum' && argument.name === 'BIGINT') return new LongSumAccumulator();
  return new DoubleSumAccumulator(name);
}

function makeExtreme(name: 'min' | 'max', argument: DataType): Accumulator {
  switch (formOf(argument)) {
    case 'flags':
    case 'ints':
      return new IntExtreme(name, argument);
    case 'doubles':
      return new DoubleExtreme(name);
    case 'longs':
      return new LongExtreme(name);
    default:
      return new ValueExtreme(name, argument);
  }
}
