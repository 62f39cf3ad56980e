/**
 * The documents that describe a system: what `millrace apply` takes, REST returns and the store keeps. One zod schema
 * each, from which types, validation and OpenAPI come.
 */
import { z } from 'zod';
import { ADDRESS_NAME_SCHEMA, addressNameFault } from './names.js';
import { schemaFaults } from './schema-faults.js';

export const API_VERSION = 'millrace.dev/v1';

/** Bytes: a whole number, or one with KiB, MiB, GiB, KB, MB, GB. Output: bytes. */
export const byteSize = z.union(
  [
    z.number().int().nonnegative(),
    z
      .string()
      .regex(/^\d+(\.\d+)?\s*(B|KiB|MiB|GiB|KB|MB|GB)?$/)
      .transform(parseByteSize),
  ],
  { error: 'a whole number of bytes, or a size such as 512KiB, 10MiB or 1GiB' },
);

/** Milliseconds: a whole number, or one with ms, s, m, h, d. Output: ms. */
export const duration = z.union(
  [
    z.number().int().nonnegative(),
    z
      .string()
      .regex(/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/)
      .transform(parseDuration),
  ],
  { error: 'a whole number of milliseconds, or a duration such as 500ms, 5s, 10m or 1h' },
);

export const addressType = z.enum(['queue', 'topic', 'anycast', 'multicast']);
export const durability = z.enum(['message', 'always']);
export const whenFull = z.enum(['block', 'reject', 'dropOldest']);

const COLUMN_TYPE = /^(BOOLEAN|INT|BIGINT|FLOAT|DOUBLE|STRING|BINARY|TIMESTAMP|DECIMAL(\(\d+(,\s*\d+)?\))?)$/i;

export const schemaColumn = z.strictObject({
  name: z.string().min(1),
  type: z
    .string()
    .regex(COLUMN_TYPE, 'a SQL type: BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p, s), STRING, BINARY or TIMESTAMP'),
});

/** The name of another address. */
const addressReference = z
  .string()
  .meta(ADDRESS_NAME_SCHEMA)
  .superRefine((name, context) => {
    const fault = addressNameFault(name);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, input: name });
  });

export const messageSchema = z.strictObject({
  format: z.enum(['json', 'csv', 'text', 'raw']).default('text'),
  columns: z.array(schemaColumn).max(1000).optional(),
  eventTime: z.string().optional(),
  watermark: duration.optional(),
});

/** The window ends by time or by count, whichever comes first. */
export const deduplication = z.strictObject({
  /** How long an id is known. 1 s to 7 days. */
  window: duration.default(600_000),
  /** How many ids are known at most: memory and disk hold each of them. */
  ids: z.number().int().min(1).max(1_000_000).default(100_000),
});

const WINDOW_MIN_MS = 1000;
const WINDOW_MAX_MS = 7 * 86_400_000;

/** What the parts of a spec ask of each other: direct addresses store nothing, and remember nothing. */
function checkDeduplication(spec: AddressFields, context: z.RefinementCtx): void {
  const { type, deduplication: asked } = spec;
  if (asked === undefined) return;
  const issue = (path: string[], code: string, message: string) =>
    context.addIssue({ code: 'custom', path: ['deduplication', ...path], message, params: { code } });
  if (type !== 'queue' && type !== 'topic') {
    issue([], 'value', `deduplication is for queue and topic: ${type} stores nothing, and knows no earlier message`);
  }
  const { window } = asked;
  if (window < WINDOW_MIN_MS) issue(['window'], 'range', `window is ${window} ms; the least is 1s`);
  if (window > WINDOW_MAX_MS) issue(['window'], 'range', `window is ${window} ms; the most is 7d`);
}

const addressFields = z.strictObject({
  type: addressType,
  durability: durability.default('message'),
  limits: z
    .strictObject({
      messages: z.number().int().positive().max(1_000_000_000).default(1_000_000),
      bytes: byteSize.default(1024 ** 3),
      messageBytes: byteSize.default(10 * 1024 ** 2),
    })
    .prefault({}),
  whenFull: whenFull.default('block'),
  deadLetter: addressReference.default('dead-letters'),
  /** Where expired messages go. Default: nowhere, they are dropped and counted. */
  expiry: addressReference.optional(),
  /** Upper bound, and default, of a message's time to live. */
  ttl: duration.optional(),
  redelivery: z.strictObject({ maxDeliveries: z.number().int().min(1).max(1000).default(10) }).prefault({}),
  /** A message whose id is in the window is answered as accepted and not stored. Default: nobody looks. */
  deduplication: deduplication.optional(),
  schema: messageSchema.optional(),
});
type AddressFields = z.infer<typeof addressFields>;

export const addressSpec = addressFields.superRefine((spec, context) => {
  checkDeduplication(spec, context);
  if (spec.schema === undefined) return;
  for (const { path, code, message } of schemaFaults(spec.schema)) {
    context.addIssue({ code: 'custom', path: ['schema', ...path], message, params: { code } });
  }
});

export const jobSpec = z.strictObject({
  sql: z.string().min(1).max(100_000),
  onError: z.enum(['fail', 'skip']).default('fail'),
  paused: z.boolean().default(false),
});

export type AddressType = z.infer<typeof addressType>;
export type AddressSpec = z.infer<typeof addressSpec>;
export type MessageSchema = z.infer<typeof messageSchema>;
export type AddressSpecInput = z.input<typeof addressSpec>;
export type JobSpec = z.infer<typeof jobSpec>;
export type JobSpecInput = z.input<typeof jobSpec>;

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };

function parseByteSize(text: string): number {
  const [, number, unit] = /^([\d.]+)\s*(\w*)$/.exec(text) ?? [];
  return Math.floor(Number(number) * (BYTE_UNITS[unit === '' || unit === undefined ? 'B' : unit] ?? 1));
}

function parseDuration(text: string): number {
  const [, number, unit] = /^([\d.]+)\s*(\w+)$/.exec(text) ?? [];
  return Math.floor(Number(number) * (TIME_UNITS[unit ?? 'ms'] ?? 1));
}
