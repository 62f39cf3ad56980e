import type { Field } from '@millrace/sql';
import type { ColumnSlot } from './column-slot.js';
import { BigintSlot, BooleanSlot, DecimalSlot, DoubleSlot, IntSlot } from './number-slots.js';
import { BinarySlot, TextSlot } from './text-slot.js';
import { TimestampSlot } from './timestamp-slot.js';

export function makeSlot(field: Field): ColumnSlot {
  switch (field.type.name) {
    case 'BOOLEAN':
      return new BooleanSlot(field);
    case 'INT':
      return new IntSlot(field);
    case 'BIGINT':
      return new BigintSlot(field);
    case 'FLOAT':
    case 'DOUBLE':
      return new DoubleSlot(field);
    case 'DECIMAL':
      return new DecimalSlot(field);
    case 'STRING':
      return new TextSlot(field, 'bytes');
    case 'BINARY':
      return new BinarySlot(field);
    case 'TIMESTAMP':
      return new TimestampSlot(field);
    default:
      throw new Error(`a schema has no columns of type ${field.type.name}`);
  }
}
