/** What a configuration file may hold. Defaults stand here alone; `settings.ts` says how else each can be given. */
import { byteSize, duration } from '@millrace/contract';
import { z } from 'zod';
import { LOG_FORMATS, LOG_LEVELS } from '../log/log.js';

const port = z.number().int().min(0).max(65_535);
/** A segment of the journal and what is kept ready beside it must find room. */
const DATA_LIMIT_MIN_BYTES = 1024 ** 2;
const STOP_GRACE_MAX_MS = 300_000;

const dataLimit = byteSize.superRefine((bytes, context) => {
  if (bytes >= DATA_LIMIT_MIN_BYTES) return;
  context.addIssue({ code: 'custom', message: 'limit is less than the least that a store works with, 1MiB' });
});

const stopGrace = duration.superRefine((milliseconds, context) => {
  if (milliseconds <= STOP_GRACE_MAX_MS) return;
  context.addIssue({ code: 'custom', message: `grace is ${milliseconds} ms; the most is 5m` });
});

const file = z.string().min(1);

/** Without certificate and key there is no TLS, and nobody's certificate can be asked for. */
const tls = z
  .strictObject({ certificate: file.optional(), key: file.optional(), clientAuthorities: file.optional() })
  .superRefine(({ certificate, key, clientAuthorities }, context) => {
    if (certificate !== undefined && key !== undefined) return;
    if (certificate === undefined && key === undefined && clientAuthorities === undefined) return;
    const path = [certificate === undefined ? 'certificate' : 'key'];
    context.addIssue({ code: 'custom', path, message: `TLS needs a certificate and its key: ${path[0]} is missing` });
  })
  .prefault({});

const seriesLimit = z.number().int().min(0).max(10_000).default(100);

export const configurationSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  allowAnonymous: z.boolean().default(false),
  amqp: z.strictObject({ port: port.default(5672), tlsPort: port.default(5671) }).prefault({}),
  mqtt: z.strictObject({ port: port.default(1883), tlsPort: port.default(8883) }).prefault({}),
  http: z
    .strictObject({
      port: port.default(8080),
      tlsPort: port.default(8443),
      allowedHosts: z.array(z.string().min(1)).max(100).default([]),
      allowedOrigins: z.array(z.string().min(1)).max(100).default([]),
    })
    .prefault({}),
  tls,
  undeclaredAddresses: z
    .strictObject({
      amqp: z.enum(['refuse', 'queue', 'topic']).default('refuse'),
      mqtt: z.enum(['topic', 'refuse']).default('topic'),
    })
    .prefault({}),
  data: z.strictObject({ directory: z.string().min(1).optional(), limit: dataLimit.optional() }).prefault({}),
  documents: z.array(z.string().min(1)).max(1000).default([]),
  log: z
    .strictObject({ level: z.enum(LOG_LEVELS).default('info'), format: z.enum(LOG_FORMATS).default('text') })
    .prefault({}),
  metrics: z.strictObject({ addresses: seriesLimit, jobs: seriesLimit }).prefault({}),
  stop: z.strictObject({ grace: stopGrace.default(2_000) }).prefault({}),
});

export type Configuration = z.output<typeof configurationSchema>;
