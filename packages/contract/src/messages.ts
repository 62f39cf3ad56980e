/** Messages and what the server tells about itself, as REST carries them. */
import { z } from 'zod';

export const PROPERTIES_MAX = 256;

/** The JSON form of a message to send; the fields are those of the AMQP properties section. */
export const messageInput = z.strictObject({
  body: z.string(),
  /** utf8: the body is text and goes out as AmqpValue(string); base64: bytes, which go out as Data. */
  bodyEncoding: z.enum(['utf8', 'base64']).default('utf8'),
  contentType: z.string().max(255).optional(),
  subject: z.string().max(65_535).optional(),
  messageId: z.string().max(65_535).optional(),
  correlationId: z.string().max(65_535).optional(),
  durable: z.boolean().optional(),
  priority: z.number().int().min(0).max(255).optional(),
  ttl: z.number().int().min(0).max(4_294_967_295).optional(),
  properties: z
    .record(z.string().min(1).max(255), z.string())
    .refine((record) => Object.keys(record).length <= PROPERTIES_MAX, `at most ${PROPERTIES_MAX} properties`)
    .optional(),
});

export type MessageInput = z.input<typeof messageInput>;

export interface BrowsedMessage {
  /** Rises along the address; give the last one as `after` to look further. */
  readonly id: number;
  readonly address: string;
  readonly time: string;
  readonly body: string;
  readonly bodyEncoding: 'utf8' | 'base64';
  readonly contentType?: string | undefined;
  readonly subject?: string | undefined;
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly durable: boolean;
  readonly priority: number;
  readonly deliveryCount: number;
  /** A receiver has it and has not settled it. */
  readonly inDelivery: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

const filters = z.array(z.string().min(1).max(4096)).max(20);

/** What `messages:move` takes; without `target`, what `messages:redrive` takes. */
export const redriveInput = z.strictObject({
  /** As in listings: all must hold. Default: every message. */
  filter: filters.optional(),
  /** These messages alone. */
  ids: z.array(z.number().int().positive().max(Number.MAX_SAFE_INTEGER)).min(1).max(10_000).optional(),
  /** How many at most. Default: all that are there at the beginning. */
  limit: z.number().int().positive().max(1_000_000_000).optional(),
  /** Messages a second at most. Default: as fast as it goes. */
  rate: z.number().int().positive().max(1_000_000).optional(),
});

export const moveInput = z.strictObject({ target: z.string().min(1).max(1024), ...redriveInput.shape });

export type RedriveInput = z.input<typeof redriveInput>;
export type MoveInput = z.input<typeof moveInput>;

export const SQL_LENGTH_MAX = 100_000;
const sqlText = z.string().max(SQL_LENGTH_MAX);

export const sqlCheckInput = z.strictObject({ sql: sqlText });

export const sqlCompleteInput = z.strictObject({
  sql: sqlText,
  /** Of the cursor, in UTF-16 units. */
  offset: z.number().int().min(0).max(SQL_LENGTH_MAX),
});

export const sqlPreviewInput = z.strictObject({
  sql: sqlText,
  /** `stored`: with what a queue holds, then what comes. On a topic always `new`. */
  from: z.enum(['stored', 'new']).default('stored'),
  onError: z.enum(['fail', 'skip']).default('skip'),
  /** It ends with so many rows. */
  rows: z.number().int().min(1).max(1000).default(100),
  /** It ends after so many seconds. */
  seconds: z.number().int().min(1).max(600).default(60),
});

/** What takes longer than an answer. */
export interface Operation {
  readonly id: string;
  readonly kind: 'move' | 'redrive';
  readonly address: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Messages that there were to look at when it began. */
  readonly total: number;
  readonly seen: number;
  readonly done: number;
  /** Were to be moved and could not be: `message` says why. */
  readonly skipped: number;
  readonly message: string;
}

/** A subscription that keeps messages while nobody receives. */
export interface Subscription {
  readonly name: string;
  /** Topic or filter. */
  readonly source: string;
  readonly owner: 'amqp' | 'mqtt' | 'job' | 'any';
  readonly container: string;
  readonly stored: number;
  readonly storedBytes: number;
  readonly receivers: number;
  readonly links: readonly { readonly connection: string; readonly link: string }[];
}

export interface JobResultRow {
  readonly time: string;
  readonly address: string;
  readonly row: Readonly<Record<string, unknown>>;
}

export interface ConnectionLink {
  readonly name: string;
  readonly role: 'sender' | 'receiver';
  readonly address: string;
  readonly credit: number;
  readonly unsettled: number;
  readonly deliveries: number;
}

export interface Connection {
  readonly id: string;
  readonly protocol: 'amqp' | 'mqtt' | 'job';
  readonly container: string;
  readonly host: string;
  readonly user: string;
  readonly encrypted: boolean;
  readonly openedAt: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly links: readonly ConnectionLink[];
}

export interface ServerEndpoint {
  readonly name: string;
  readonly protocol: 'amqp' | 'mqtt' | 'http';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Where messages, documents and state are kept. */
export interface StoreStatus {
  /** `memory`: gone with the process. */
  readonly kind: 'memory' | 'disk';
  /** `full`: what is durable is refused, all else goes on. `failed`: until the server is started again. */
  readonly state: 'open' | 'full' | 'failed' | 'closed';
  /** Why it is not open, and what helps; absent when it is. */
  readonly message?: string;
  /** Of a store on disk. */
  readonly directory?: string;
  /** Bytes of all its files. */
  readonly bytesOnDisk?: number;
  /** Bytes of what is needed still. */
  readonly bytesLive?: number;
}

export interface ServerStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly ready: boolean;
  readonly planes: { readonly messaging: string; readonly processing: string };
  readonly endpoints: readonly ServerEndpoint[];
  readonly addresses: { readonly total: number; readonly ready: number };
  readonly jobs: { readonly total: number; readonly running: number };
  readonly connections: number;
  readonly store: StoreStatus;
}

/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` for the next page; absent on the last. */
  readonly next?: string;
  /** How many there are in all, when it was asked for. */
  readonly total?: number;
}
