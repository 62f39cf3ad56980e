/**
 * What answers look like, for OpenAPI alone: requests are described by the schemas that check them. A test compares
 * these with real answers.
 */
import {
  API_VERSION,
  addressDocument,
  addressSpec,
  applyInput,
  jobDocument,
  jobSpec,
  KINDS,
  messageInput,
  moveInput,
  permission,
  redriveInput,
  sqlCheckInput,
  sqlCompleteInput,
  sqlPreviewInput,
  userDocument,
  v3Address,
  v3AddressList,
} from '@millrace/contract';
import { z } from 'zod';

const count = z.number().int().nonnegative();
const span = z.strictObject({ start: count, end: count });

const condition = z.strictObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
});

const metadata = z.strictObject({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  uid: z.string(),
  generation: z.number().int().positive(),
  createdAt: z.string(),
});

const common = { observedGeneration: count, conditions: z.array(condition) };

const changes = z.array(
  z.strictObject({ pointer: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
);

const address = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Address'),
  metadata,
  spec: addressSpec,
  /** Of a dry run. */
  changes: changes.optional(),
  status: z.strictObject({
    phase: z.enum(['Pending', 'Ready', 'Failed']),
    ...common,
    statistics: z
      .strictObject({
        stored: count,
        storedBytes: count,
        senders: count,
        receivers: count,
        messagesIn: count,
        messagesOut: count,
        dropped: count,
        rejected: count,
        expired: count,
        deadLettered: count,
        duplicates: count,
      })
      .optional(),
  }),
});

const job = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Job'),
  metadata,
  spec: jobSpec,
  changes: changes.optional(),
  status: z.strictObject({
    phase: z.enum(['Pending', 'Running', 'Paused', 'Failed']),
    ...common,
    source: z.string().optional(),
    target: z.string().optional(),
    warnings: z.array(z.string()),
    statistics: z
      .strictObject({
        rowsIn: count,
        rowsOut: count,
        rowsLate: count,
        rowsFailed: count,
        backlog: count,
        watermark: z.string().optional(),
        openWindows: count,
        stateRows: count,
      })
      .optional(),
  }),
});

const user = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('User'),
  metadata,
  spec: z.strictObject({
    authentication: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('password') }),
      z.strictObject({
        type: z.literal('certificate'),
        commonName: z.string().optional(),
        alternativeName: z.string().optional(),
        fingerprint256: z.string().optional(),
      }),
      z.strictObject({ type: z.literal('external') }),
    ]),
    enabled: z.boolean(),
    permissions: z.array(permission),
  }),
  changes: changes.optional(),
  status: z.strictObject({
    phase: z.enum(['Ready', 'Disabled']),
    ...common,
    credentials: z.strictObject({ mechanism: z.literal('SCRAM-SHA-256'), iterations: count }).optional(),
  }),
});

const message = z.strictObject({
  id: count,
  address: z.string(),
  time: z.string(),
  body: z.string(),
  bodyEncoding: z.enum(['utf8', 'base64']),
  contentType: z.string().optional(),
  subject: z.string().optional(),
  messageId: z.string().optional(),
  correlationId: z.string().optional(),
  durable: z.boolean(),
  priority: count,
  deliveryCount: count,
  inDelivery: z.boolean(),
  properties: z.record(z.string(), z.string()),
});

const connection = z.strictObject({
  id: z.string(),
  protocol: z.enum(['amqp', 'mqtt', 'job']),
  container: z.string(),
  host: z.string(),
  user: z.string(),
  encrypted: z.boolean(),
  openedAt: z.string(),
  properties: z.record(z.string(), z.string()),
  links: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['sender', 'receiver']),
      address: z.string(),
      credit: count,
      unsettled: count,
      deliveries: count,
    }),
  ),
});

const operation = z.strictObject({
  id: z.string(),
  kind: z.enum(['move', 'redrive']),
  address: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  total: count,
  seen: count,
  done: count,
  skipped: count,
  message: z.string(),
});

const subscription = z.strictObject({
  name: z.string(),
  source: z.string(),
  owner: z.enum(['amqp', 'mqtt', 'job', 'any']),
  container: z.string(),
  stored: count,
  storedBytes: count,
  receivers: count,
  links: z.array(z.strictObject({ connection: z.string(), link: z.string() })),
});

const v3Output = z.strictObject({
  apiVersion: z.literal('v3'),
  kind: z.literal('Address'),
  metadata: z.strictObject({ name: z.string(), uuid: z.string() }),
  spec: z.strictObject({
    store_and_forward: z.boolean(),
    multicast: z.boolean(),
    flavor: z.string().optional(),
    group: z.string().optional(),
  }),
  status: z.strictObject({ ready: z.boolean(), conditions: z.array(condition) }),
});

const v3Flavor = z.strictObject({
  apiVersion: z.literal('v3'),
  kind: z.literal('Flavor'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({ type: z.enum(['queue', 'topic']), description: z.string() }),
});

const endpoint = z.strictObject({
  name: z.string(),
  protocol: z.enum(['amqp', 'mqtt', 'http']),
  host: z.string(),
  port: count,
  tls: z.boolean(),
});

function page(item: z.ZodType) {
  return z.strictObject({ items: z.array(item), next: z.string().optional(), total: count.optional() });
}

/** Answers, by the names that routes use. */
export const ANSWER_SCHEMAS = {
  Address: address,
  AddressPage: page(address),
  Job: job,
  JobPage: page(job),
  User: user,
  UserPage: page(user),
  JobResultPage: page(
    z.strictObject({ time: z.string(), address: z.string(), row: z.record(z.string(), z.unknown()) }),
  ),
  Message: message,
  MessagePage: page(message),
  Operation: operation,
  OperationPage: page(operation),
  Subscription: subscription,
  SubscriptionPage: page(subscription),
  ApplyAnswer: z.strictObject({
    dryRun: z.boolean(),
    results: z.array(
      z.strictObject({
        kind: z.enum(KINDS),
        name: z.string(),
        outcome: z.enum(['created', 'changed', 'unchanged', 'pruned']),
        changes: changes.optional(),
        etag: z.string().optional(),
      }),
    ),
  }),
  SqlAnalysis: z.strictObject({
    valid: z.boolean(),
    kind: z.enum(['job', 'query']),
    diagnostics: z.array(
      z.strictObject({
        code: z.string(),
        severity: z.enum(['error', 'warning']),
        message: z.string(),
        span,
        line: count,
        column: count,
        fixes: z.array(
          z.strictObject({ title: z.string(), edit: z.strictObject({ span, text: z.string() }).optional() }),
        ),
      }),
    ),
    source: z.string().optional(),
    target: z.string().optional(),
    columns: z.array(z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean() })).optional(),
    plan: z.string().optional(),
  }),
  SqlCompletions: z.strictObject({
    from: count,
    to: count,
    items: z.array(
      z.strictObject({
        label: z.string(),
        kind: z.enum(['keyword', 'function', 'column', 'address', 'type']),
        detail: z.string(),
        insert: z.string(),
      }),
    ),
  }),
  Sent: z.strictObject({ sent: count }),
  Purged: z.strictObject({ purged: count }),
  Connection: connection,
  ConnectionPage: page(connection),
  ServerStatus: z.strictObject({
    version: z.string(),
    startedAt: z.string(),
    ready: z.boolean(),
    planes: z.strictObject({ messaging: z.string(), processing: z.string() }),
    endpoints: z.array(endpoint),
    addresses: z.strictObject({ total: count, ready: count }),
    jobs: z.strictObject({ total: count, running: count }),
    connections: count,
    store: z.strictObject({
      kind: z.enum(['memory', 'disk']),
      state: z.enum(['open', 'full', 'failed', 'closed']),
      message: z.string().optional(),
      directory: z.string().optional(),
      bytesOnDisk: count.optional(),
      bytesLive: count.optional(),
    }),
  }),
  Probe: z.strictObject({ status: z.string() }),
  V3Address: v3Output,
  V3AddressList: z.strictObject({
    apiVersion: z.literal('v3'),
    kind: z.literal('AddressList'),
    items: z.array(v3Output),
  }),
  V3Flavor: v3Flavor,
  V3FlavorList: z.strictObject({
    apiVersion: z.literal('v3'),
    kind: z.literal('FlavorList'),
    items: z.array(v3Flavor),
  }),
  Problem: z.object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string(),
          code: z.string(),
          detail: z.string(),
          allowed: z.array(z.string()).optional(),
          span: z.object({ start: count, end: count }).optional(),
          fixes: z.array(z.string()).optional(),
        }),
      )
      .optional(),
  }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** Requests: the very schemas that check them. */
export const REQUEST_SCHEMAS: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [addressDocument, 'AddressInput'],
  [jobDocument, 'JobInput'],
  [userDocument, 'UserInput'],
  [applyInput, 'ApplyInput'],
  [messageInput, 'MessageInput'],
  [moveInput, 'MoveInput'],
  [redriveInput, 'RedriveInput'],
  [sqlCheckInput, 'SqlCheckInput'],
  [sqlCompleteInput, 'SqlCompleteInput'],
  [sqlPreviewInput, 'SqlPreviewInput'],
  [v3Address, 'V3AddressInput'],
  [v3AddressList, 'V3AddressListInput'],
]);
