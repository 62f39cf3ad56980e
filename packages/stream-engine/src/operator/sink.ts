/**
 * The last operator: makes a message of each row (DESIGN §2, "A row as a message"). A NULL body stays NULL, a NULL
 * address is the job's target, any other NULL leaves its field out, as does a NULL value in `properties` its key.
 */
import type { Field, JobPlan } from '@millrace/sql';
import { type ColumnBatch, readRow } from '../column-batch.js';
import { type ErrorSite, RowErrors } from '../errors.js';
import { renderJsonRow } from '../json-row.js';
import { Output, type OutputRow } from '../output.js';
import type { MapValue, Value } from '../vector.js';
import { Operator, type OperatorOptions } from './operator.js';

type Message = { -readonly [key in keyof OutputRow['message']]: OutputRow['message'][key] };

const TEXT_FIELDS = {
  subject: 'subject',
  message_id: 'messageId',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  content_type: 'contentType',
} as const;

/** AMQP 1.0 §3.2.1: ubyte and milliseconds (uint). */
const PRIORITY_MAX = 255;
const TTL_MS_MAX = 4_294_967_295;
const MICROSECONDS = 1000;

const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(TEXT_FIELDS),
  ...['body', 'address', 'creation_time', 'durable', 'priority', 'ttl', 'properties'],
]);

export class SinkOperator extends Operator {
  private readonly plan: JobPlan;
  private readonly fields: readonly Field[];
  /** What goes into the JSON object: its fields, and where they stand in a row. */
  private readonly jsonFields: readonly Field[];
  private readonly jsonIndexes: readonly number[];
  private readonly errors = new RowErrors();
  private outputs: OutputRow[] = [];

  constructor(plan: JobPlan, options: OperatorOptions) {
    super(options, undefined);
    this.plan = plan;
    this.fields = plan.root.output;
    this.jsonIndexes = this.fields.flatMap((field, index) => (MESSAGE_FIELDS.has(field.name) ? [] : [index]));
    this.jsonFields = this.jsonIndexes.map((index) => this.fields[index]!);
  }

  take(): OutputRow[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }

  process(batch: ColumnBatch): void {
    this.errors.reset();
    const made: OutputRow[] = [];
    for (let row = 0; row < batch.count; row++) {
      const values = readRow(batch, this.fields, row).map(owned);
      const message = this.makeMessage(values);
      if (typeof message === 'string') this.errors.mark(row, this.invalid(message));
      else made.push(new Output(message, this.fields, values));
    }
    if (this.errors.count > 0) this.withoutFailed(batch, this.fields, this.errors);
    for (const output of made) this.outputs.push(output);
    this.options.counters.rowsOut += made.length;
  }

  private invalid(message: string): ErrorSite {
    return {
      condition: 'INVALID_OUTPUT',
      span: { start: 0, end: this.plan.sql.length },
      describe: () => message,
    };
  }

  /** @returns what is wrong with the row, where no message can carry it */
  private makeMessage(values: readonly Value[]): Message | string {
    const message: Message = { address: this.plan.target, body: '', properties: undefined };
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      const { name } = this.fields[index]!;
      if (value === null) {
        if (name === 'body') message.body = null;
        continue;
      }
      const wrong = setField(message, name, value);
      if (wrong !== undefined) return wrong;
    }
    if (this.plan.body === 'json') {
      message.body = renderJsonRow(
        this.jsonFields,
        this.jsonIndexes.map((index) => values[index]!),
      );
      message.contentType ??= 'application/json';
    }
    return message;
  }
}

function setField(message: Message, name: string, value: Exclude<Value, null>): string | undefined {
  if (Object.hasOwn(TEXT_FIELDS, name)) {
    message[TEXT_FIELDS[name as keyof typeof TEXT_FIELDS]] = value as string;
    return undefined;
  }
  switch (name) {
    case 'body':
      message.body = value as string | Uint8Array;
      return undefined;
    case 'address':
      message.address = value as string;
      return value === '' ? 'the column address is empty: a message goes to an address' : undefined;
    case 'properties':
      message.properties = propertiesOf(value as MapValue);
      return undefined;
    case 'creation_time':
      message.creationTimeMs = Math.floor((value as number) / MICROSECONDS);
      return undefined;
    case 'durable':
      message.durable = value as boolean;
      return undefined;
    case 'priority':
      message.priority = value as number;
      return message.priority < 0 || message.priority > PRIORITY_MAX
        ? `the priority ${value} is not between 0 and ${PRIORITY_MAX}`
        : undefined;
    case 'ttl':
      message.ttlMs = Number(value as bigint);
      return message.ttlMs < 0 || message.ttlMs > TTL_MS_MAX
        ? `the ttl ${value} is not between 0 and ${TTL_MS_MAX} milliseconds`
        : undefined;
  }
  return undefined;
}

function propertiesOf(map: MapValue): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [key, value] of map) if (value !== null) entries.push([key, value]);
  return Object.fromEntries(entries);
}

/** Views into a batch end with it. */
function owned(value: Value): Value {
  return value instanceof Uint8Array ? Uint8Array.prototype.slice.call(value) : value;
}
