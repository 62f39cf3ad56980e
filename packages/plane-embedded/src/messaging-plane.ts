/** The `MessagingPlane` port on Millrace's own broker and listeners. */
import {
  type AddressView,
  type AdministrationRefusal,
  type Broker,
  Outcome,
  type RefusalReason,
  type Sender,
} from '@millrace/broker';
import type { AddressSpec } from '@millrace/contract';
import {
  type AddressFigures,
  type AddressObservation,
  type ConnectionObservation,
  type Endpoint,
  type MessageMove,
  type MessageToSend,
  type MessagingCapabilities,
  type MessagingPlane,
  PlaneRefusal,
  type ReadableMessage,
  type SubscriptionObservation,
} from '@millrace/controller';
import { JOURNAL_FAILED, JOURNAL_FULL } from './journal-sentences.js';
import type { Listener } from './listener.js';
import type { EmbeddedMessageAccess } from './message-access.js';
import { deleteMessages, moveMessages } from './move-messages.js';
import { refusalOf } from './plane-refusal.js';
import { observeSubscriptions } from './subscription-observation.js';
import { duplicateIdOf } from './translate/duplicate-id.js';
import { messageFromOutput } from './translate/message-from-output.js';
import { readableMessages } from './translate/readable-message.js';

export class EmbeddedMessagingPlane implements MessagingPlane {
  readonly capabilities: MessagingCapabilities = {
    plane: 'embedded',
    addressTypes: ['queue', 'topic', 'anycast', 'multicast'],
    reasons: {},
    deduplication: true,
  };
  private readonly broker: Broker;
  private readonly listeners: readonly Listener[];
  private readonly host: string;
  private readonly access: EmbeddedMessageAccess;

  constructor(broker: Broker, listeners: readonly Listener[], host: string, access: EmbeddedMessageAccess) {
    this.broker = broker;
    this.listeners = listeners;
    this.host = host;
    this.access = access;
  }

  async declareAddress(name: string, spec: AddressSpec): Promise<void> {
    refuse(
      this.broker.declare(name, {
        type: spec.type,
        durability: spec.durability,
        limits: spec.limits,
        whenFull: spec.whenFull,
        deadLetter: spec.deadLetter,
        expiry: spec.expiry ?? '',
        ttlMs: spec.ttl ?? 0,
        maxDeliveries: spec.redelivery.maxDeliveries,
        deduplication:
          spec.deduplication === undefined
            ? undefined
            : { ids: spec.deduplication.ids, windowMs: spec.deduplication.window },
      }),
    );
  }

  async removeAddress(name: string, options: { readonly force: boolean }): Promise<void> {
    refuse(this.broker.remove(name, options));
  }

  observeAddress(name: string): AddressObservation | undefined {
    const view = this.broker.address(name);
    return view === undefined ? undefined : observationOf(view);
  }

  addressFigures(name: string): AddressFigures | undefined {
    return this.broker.figures(name);
  }

  observeConnections(): readonly ConnectionObservation[] {
    return [...this.listeners, this.access].flatMap((connected) => [...connected.observe()]);
  }

  /** A job is no peer that could be sent away: that is for `pause`. */
  async closeConnection(id: string, reason: string): Promise<boolean> {
    return this.listeners.some((listener) => listener.closeConnection(id, reason));
  }

  async purge(name: string): Promise<number> {
    const purged = this.broker.purge(name);
    if (purged === undefined) throw new PlaneRefusal('NotFound', `there is no address ${name}`);
    return purged;
  }

  async browse(
    name: string,
    options: { readonly limit: number; readonly after: number },
  ): Promise<readonly ReadableMessage[]> {
    const messages = this.broker.browse(name, options);
    if (messages === undefined) throw new PlaneRefusal('NotFound', `there is no queue ${name} to look into`);
    return readableMessages(messages);
  }

  lastMessageId(name: string): number | undefined {
    return this.broker.lastId(name);
  }

  async moveMessages(name: string, moves: readonly MessageMove[]): Promise<number> {
    return moveMessages(this.broker, name, moves);
  }

  async deleteMessages(name: string, ids: readonly number[]): Promise<number> {
    return deleteMessages(this.broker, name, ids);
  }

  observeSubscriptions(): readonly SubscriptionObservation[] {
    return observeSubscriptions(this.broker.subscriptions(), this.observeConnections());
  }

  async removeSubscription(name: string): Promise<boolean> {
    return this.broker.forgetSubscription(name);
  }

  send(name: string, message: MessageToSend): Promise<void> {
    const { body, binary, ...facts } = message;
    const text = binary ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
    const output = {
      ...facts,
      address: name,
      body: text,
      properties: facts.properties,
      durable: facts.durable ?? false,
    };
    return new Promise((resolve, reject) => {
      const sender: Sender = {
        settled: (_tag, outcome, reason) => finish(outcome, reason),
        capacityChanged: () => {},
        addressDeleted: () => finish(Outcome.rejected, 'deleted'),
      };
      const producer = this.broker.openProducer(name, sender);
      if (typeof producer === 'string') {
        reject(refusalOf(producer, name));
        return;
      }
      const finish = (outcome: Outcome, reason: RefusalReason | undefined): void => {
        producer.close();
        if (outcome === Outcome.accepted) resolve();
        else reject(refusalOf(reason ?? 'no-receiver', name));
      };
      const result = producer.sendOnce(messageFromOutput(output), 0, duplicateIdOf(output.messageId));
      if (result === 'accepted') finish(Outcome.accepted, undefined);
      else if (result !== 'pending') finish(Outcome.rejected, producer.refusal);
    });
  }

  endpoints(): readonly Endpoint[] {
    const { host } = this;
    return this.listeners
      .filter(({ listens }) => listens)
      .map(({ name, protocol, port, encrypted }) => ({ name, protocol, host, port, tls: encrypted }));
  }
}

/** Written out, and not put together: there may be many of them. */
function observationOf(view: AddressView): AddressObservation {
  const { ready, reason, message } = conditionOf(view);
  const { counters } = view;
  return {
    ready,
    reason,
    message,
    stored: view.stored,
    storedBytes: view.bytes,
    senders: view.senders,
    receivers: view.receivers,
    messagesIn: counters.in,
    messagesOut: counters.out,
    dropped: counters.dropped,
    rejected: counters.rejected,
    expired: counters.expired,
    deadLettered: counters.deadLettered,
    duplicates: counters.duplicates,
  };
}

const READY = {
  queue: { ready: true, reason: 'Ready', message: 'queue on the embedded broker' },
  topic: { ready: true, reason: 'Ready', message: 'topic on the embedded broker' },
  anycast: { ready: true, reason: 'Ready', message: 'anycast on the embedded broker' },
  multicast: { ready: true, reason: 'Ready', message: 'multicast on the embedded broker' },
} as const;

/** What is worth knowing. A full address or disk is for a while, and deliveries go on: it counts as ready. */
function conditionOf(view: AddressView): Pick<AddressObservation, 'ready' | 'reason' | 'message'> {
  if (view.unwritable === 'journal-failed') return { ready: false, reason: 'JournalFailed', message: JOURNAL_FAILED };
  if (view.unreadable !== undefined) {
    const message = `stored messages cannot be read back, and wait: ${view.unreadable}; it is tried again every few seconds`;
    return { ready: false, reason: 'Unreadable', message };
  }
  if (view.unwritable === 'journal-full') return { ready: true, reason: 'JournalFull', message: JOURNAL_FULL };
  const { type, whenFull } = view.settings;
  if (view.full) {
    const what = whenFull === 'block' ? 'senders are held back' : 'more is refused';
    return {
      ready: true,
      reason: 'AddressFull',
      message: `${what} until some of its ${view.stored} messages are gone`,
    };
  }
  return READY[type];
}

const ADMINISTRATION_REASONS = {
  invalid: 'Invalid',
  'not-found': 'NotFound',
  'in-use': 'Conflict',
  'would-lose-messages': 'WouldLoseMessages',
  limit: 'Full',
} as const;

/** @throws PlaneRefusal */
function refuse(refusal: AdministrationRefusal | undefined): void {
  if (refusal !== undefined) throw new PlaneRefusal(ADMINISTRATION_REASONS[refusal.reason], refusal.message);
}
