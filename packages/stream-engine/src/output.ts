/** A row on its way out: as a message, and as what a console shows. */
import type { DataType, Field } from '@millrace/sql';
import { formatDecimal, formatDouble, formatFloat } from './text/format-number.js';
import { formatIsoTimestamp } from './text/timestamp.js';
import type { MapValue, Value, WindowValue } from './vector.js';

/** Structurally the OutputMessage of the controller's port. */
export interface OutputRow {
  readonly message: {
    readonly address: string;
    readonly body: string | Uint8Array | null;
    readonly properties: Readonly<Record<string, string>> | undefined;
    readonly subject?: string;
    readonly messageId?: string;
    readonly correlationId?: string;
    readonly replyTo?: string;
    readonly contentType?: string;
    readonly creationTimeMs?: number;
    readonly durable?: boolean;
    readonly priority?: number;
    readonly ttlMs?: number;
  };
  /** JSON-safe. BIGINT beyond 2^53 and DECIMAL are texts, TIMESTAMP is ISO, BINARY base64. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** The values are kept as they are and shown when somebody looks: most outputs are sent and never looked at. */
export class Output implements OutputRow {
  readonly message: OutputRow['message'];
  readonly #fields: readonly Field[];
  readonly #values: readonly Value[];

  /** @param values owned by the output from now on */
  constructor(message: OutputRow['message'], fields: readonly Field[], values: readonly Value[]) {
    this.message = message;
    this.#fields = fields;
    this.#values = values;
  }

  get row(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      this.#fields.map(({ name, type }, index) => [name, showValue(this.#values[index]!, type)]),
    );
  }
}

export function showValue(value: Value, type: DataType): unknown {
  if (value === null) return null;
  switch (type.name) {
    case 'BIGINT': {
      const near = Number(value as bigint);
      return Number.isSafeInteger(near) ? near : String(value);
    }
    case 'FLOAT':
      return Number.isFinite(value) ? Number(formatFloat(value as number)) : formatFloat(value as number);
    case 'DOUBLE':
      return Number.isFinite(value) ? value : formatDouble(value as number);
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'TIMESTAMP':
      return formatIsoTimestamp(value as number);
    case 'BINARY':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'MAP':
      return Object.fromEntries(value as MapValue);
    case 'WINDOW': {
      const { startUs, endUs } = value as WindowValue;
      return { start: formatIsoTimestamp(startUs), end: formatIsoTimestamp(endUs) };
    }
    default:
      return value;
  }
}
