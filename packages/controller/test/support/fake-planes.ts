/** Planes in memory that do what the ports say, note what they were asked, and fail when told to. */
import type { AddressSpec, JobSpec } from '@millrace/contract';
import type { JobPlan } from '@millrace/sql';
import {
  type AddressFigures,
  type AddressObservation,
  type ConnectionObservation,
  type Endpoint,
  type JobObservation,
  type JobResult,
  type MessageMove,
  type MessageToSend,
  type MessagingCapabilities,
  type MessagingPlane,
  PlaneRefusal,
  type ProcessingPlane,
  type ReadableMessage,
  type SqlCheck,
  type SubscriptionObservation,
} from '../../src/index.js';

/** Called before each request: throws to make it fail. */
export type Fault = (request: string) => void | Promise<void>;

interface FakeAddress {
  spec: AddressSpec;
  readonly messages: ReadableMessage[];
}

const OBSERVED_NOTHING = {
  senders: 0,
  receivers: 0,
  messagesOut: 0,
  dropped: 0,
  rejected: 0,
  expired: 0,
  deadLettered: 0,
};

export class FakeMessagingPlane implements MessagingPlane {
  capabilities: MessagingCapabilities = {
    plane: 'fake',
    addressTypes: ['queue', 'topic', 'anycast', 'multicast'],
    reasons: {},
  };
  readonly addresses = new Map<string, FakeAddress>();
  readonly requests: string[] = [];
  connections: ConnectionObservation[] = [];
  subscriptions: readonly SubscriptionObservation[] = [];
  fault: Fault = () => {};
  /** Shown for addresses that are not ready though declared. */
  readonly notReady = new Map<string, { readonly reason: string; readonly message: string }>();

  async declareAddress(name: string, spec: AddressSpec): Promise<void> {
    await this.#ask(`declare ${name}`);
    const present = this.addresses.get(name);
    if (present !== undefined && present.spec.type !== spec.type) {
      throw new PlaneRefusal('Conflict', `${name} is a ${present.spec.type}`, '/spec/type');
    }
    this.addresses.set(name, { spec, messages: present?.messages ?? [] });
  }

  async removeAddress(name: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.#ask(`remove ${name}`);
    const stored = this.addresses.get(name)?.messages.length ?? 0;
    if (stored > 0 && !force) throw new PlaneRefusal('WouldLoseMessages', `${name} holds ${stored} messages`);
    this.addresses.delete(name);
  }

  observeAddress(name: string): AddressObservation | undefined {
    const address = this.addresses.get(name);
    if (address === undefined) return undefined;
    const fault = this.notReady.get(name);
    return {
      ...OBSERVED_NOTHING,
      ready: fault === undefined,
      reason: fault?.reason ?? 'Declared',
      message: fault?.message ?? '',
      stored: address.messages.length,
      storedBytes: address.messages.length,
      messagesIn: address.messages.length,
    };
  }

  addressFigures(name: string): AddressFigures | undefined {
    return this.observeAddress(name);
  }

  observeConnections(): readonly ConnectionObservation[] {
    return this.connections;
  }

  async closeConnection(): Promise<boolean> {
    return false;
  }

  async purge(name: string): Promise<number> {
    await this.#ask(`purge ${name}`);
    return this.addresses.get(name)!.messages.splice(0).length;
  }

  async browse(
    name: string,
    { limit, after }: { readonly limit: number; readonly after: number },
  ): Promise<readonly ReadableMessage[]> {
    await this.#ask(`browse ${name}`);
    return this.addresses
      .get(name)!
      .messages.filter(({ id }) => id > after)
      .slice(0, limit);
  }

  lastMessageId(name: string): number | undefined {
    return this.addresses.get(name)?.messages.at(-1)?.id;
  }

  async moveMessages(name: string, moves: readonly MessageMove[]): Promise<number> {
    await this.#ask(`move ${moves.length} of ${name}`);
    const { messages } = this.addresses.get(name)!;
    let moved = 0;
    for (const { target } of moves) {
      const to = this.addresses.get(target);
      if (to === undefined) throw new PlaneRefusal('NotFound', `there is no address ${target}`);
      const more = moves.filter((move) => move.target === target).length;
      if (to.messages.length + more > to.spec.limits.messages) throw new PlaneRefusal('Full', `${target} is full`);
    }
    for (const { id, target } of moves) {
      const to = this.addresses.get(target)!;
      const at = messages.findIndex((message) => message.id === id);
      if (at < 0) continue;
      const [message] = messages.splice(at, 1);
      to.messages.push({ ...message!, id: (to.messages.at(-1)?.id ?? 0) + 1, address: target });
      moved += 1;
    }
    return moved;
  }

  async deleteMessages(name: string, ids: readonly number[]): Promise<number> {
    const { messages } = this.addresses.get(name)!;
    const before = messages.length;
    const left = messages.filter(({ id, inDelivery }) => inDelivery || !ids.includes(id));
    messages.splice(0, before, ...left);
    return before - left.length;
  }

  observeSubscriptions(): readonly SubscriptionObservation[] {
    return this.subscriptions;
  }

  async removeSubscription(name: string): Promise<boolean> {
    const before = this.subscriptions.length;
    this.subscriptions = this.subscriptions.filter((subscription) => subscription.name !== name);
    return this.subscriptions.length < before;
  }

  async send(name: string, message: MessageToSend): Promise<void> {
    await this.#ask(`send ${name}`);
    const address = this.addresses.get(name)!;
    if (address.messages.length >= address.spec.limits.messages) throw new PlaneRefusal('Full', `${name} is full`);
    const body = Buffer.from(message.body);
    address.messages.push({
      id: address.messages.length + 1,
      address: name,
      time: '2026-01-01T00:00:00.000Z',
      body: body.toString(message.binary ? 'base64' : 'utf8'),
      bodyEncoding: message.binary ? 'base64' : 'utf8',
      contentType: message.contentType,
      subject: message.subject,
      messageId: message.messageId,
      correlationId: message.correlationId,
      durable: message.durable ?? false,
      priority: message.priority ?? 4,
      deliveryCount: 0,
      inDelivery: false,
      properties: message.properties ?? {},
    });
  }

  endpoints(): readonly Endpoint[] {
    return [{ name: 'amqp', protocol: 'amqp', host: '127.0.0.1', port: 5672, tls: false }];
  }

  async #ask(request: string): Promise<void> {
    this.requests.push(request);
    await this.fault(request);
  }
}

interface FakeJob {
  spec: JobSpec;
  plan: JobPlan;
  phase: JobObservation['phase'];
}

export class FakeProcessingPlane implements ProcessingPlane {
  capabilities = { plane: 'fake', onErrorSkip: true };
  readonly jobs = new Map<string, FakeJob>();
  readonly requests: string[] = [];
  fault: Fault = () => {};
  refusals: readonly { readonly message: string; readonly start: number; readonly end: number }[] = [];

  admit() {
    return this.refusals;
  }

  async deploy(name: string, spec: JobSpec, plan: JobPlan): Promise<void> {
    await this.#ask(`deploy ${name}`);
    this.jobs.set(name, { spec, plan, phase: spec.paused ? 'Paused' : 'Running' });
  }

  async remove(name: string): Promise<void> {
    await this.#ask(`remove ${name}`);
    this.jobs.delete(name);
  }

  async control(name: string, action: 'pause' | 'resume'): Promise<void> {
    await this.#ask(`${action} ${name}`);
    this.jobs.get(name)!.phase = action === 'pause' ? 'Paused' : 'Running';
  }

  observe(name: string): JobObservation | undefined {
    const job = this.jobs.get(name);
    if (job === undefined) return undefined;
    const counts = { rowsIn: 7, rowsOut: 1, rowsLate: 0, rowsFailed: 0, backlog: 0, openWindows: 1, stateRows: 1 };
    const words = { reason: '', message: '', source: job.plan.source.address, target: job.plan.target };
    return { phase: job.phase, ...words, warnings: ['competes'], watermark: undefined, ...counts };
  }

  results(name: string): readonly JobResult[] {
    return this.jobs.has(name) ? [{ time: '2026-01-01T00:00:05.000Z', address: 'max', row: { body: '21' } }] : [];
  }

  async #ask(request: string): Promise<void> {
    this.requests.push(request);
    await this.fault(request);
  }
}

/** Knows `INSERT INTO target … FROM STREAM source`, and refuses the word `oops` and columns the source has not. */
export const fakeSqlCheck: SqlCheck = (sql, schemas) => {
  const target = /INSERT INTO (\S+)/.exec(sql)?.[1];
  const source = /FROM STREAM (\S+)/.exec(sql)?.[1];
  const bad = sql.indexOf('oops');
  if (bad !== -1 || target === undefined || source === undefined) {
    const start = Math.max(bad, 0);
    const fault = { code: 'UNKNOWN_COLUMN', message: 'no column oops', hint: 'body', span: { start, end: start + 4 } };
    return { ok: false, faults: [{ ...fault, line: 1, column: start + 1 }] };
  }
  const columns = schemas.get(source)?.columns?.map(({ name }) => name);
  if (sql.includes('humidity') && columns !== undefined && !columns.includes('humidity')) {
    const fault = { code: 'UNKNOWN_COLUMN', message: 'no column humidity', hint: '', span: { start: 0, end: 1 } };
    return { ok: false, faults: [{ ...fault, line: 1, column: 1 }] };
  }
  const scan = { kind: 'source', address: source, output: [] } as const;
  return { ok: true, plan: { sql, target, source: scan, watermark: undefined, root: scan, body: 'column' } };
};
