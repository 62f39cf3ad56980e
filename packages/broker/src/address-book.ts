/** All addresses by name: declaring, changing, removing; topics without a document; temporary queues; dead letters. */
import type { Address } from './address.js';
import {
  ADDRESS_TYPES,
  type AddressSettings,
  type AddressSettingsInput,
  completeSettings,
  UNDECLARED_SETTINGS,
} from './address-settings.js';
import { Anycast } from './anycast.js';
import type { CapacitySource, WatchedProducer } from './capacity-watch.js';
import type { Core } from './core.js';
import { deduplicationFault } from './id-window.js';
import type { StoreFacts } from './log/store-record.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import { Multicast } from './multicast.js';
import type { AdministrationRefusal } from './observation.js';
import type { RefusalReason } from './outcome.js';
import { Queue } from './queue.js';
import { stampRenewed } from './stamp.js';
import { Subscriptions } from './subscriptions.js';
import { Topic, type TopicKeeper } from './topic.js';
import { hasWildcard, isValidName } from './topic-filter.js';
import { TopicTree } from './topic-tree.js';

const TEMPORARY_PREFIX = '$temporary/';
const TEMPORARY_MAX = 100_000;
const TEMPORARY_SETTINGS = completeSettings({
  type: 'queue',
  deadLetter: '',
  limits: { messages: 100_000, bytes: 64 * 1024 ** 2 },
});

export class AddressBook implements TopicKeeper {
  readonly tree = new TopicTree();
  readonly subscriptions: Subscriptions;
  private readonly core: Core;
  private readonly implicitMax: number;
  private readonly addresses = new Map<string, Address>();
  private readonly temporary = new Map<object, Set<string>>();
  private temporaryCount = 0;
  private temporaryNumber = 0;
  /** Marks this run: a reply that outlived a restart must not reach somebody else's temporary queue. */
  private readonly epoch: string;
  private implicitCount = 0;

  constructor(core: Core, options: { readonly implicitTopics: number; readonly startMs: number }) {
    this.core = core;
    this.implicitMax = options.implicitTopics;
    this.epoch = options.startMs.toString(36);
    const topicProducers: CapacitySource = { eachProducer: (visit) => this.eachTopicProducer(visit) };
    this.subscriptions = new Subscriptions(core, this.tree, topicProducers);
  }

  get(name: string): Address | undefined {
    return this.addresses.get(name);
  }

  all(): IterableIterator<Address> {
    return this.addresses.values();
  }

  declare(name: string, input: AddressSettingsInput): AdministrationRefusal | undefined {
    const settings = completeSettings(input);
    const invalid = invalidity(name, settings);
    if (invalid !== undefined) return { reason: 'invalid', message: invalid };
    const address = this.addresses.get(name);
    if (address?.settings.type === settings.type) {
      this.setImplicit(address, false);
      address.waitsForDeclaration = false;
      address.configure(settings);
      return undefined;
    }
    if (address !== undefined) {
      const refusal = this.typeChangeRefusal(address, settings.type);
      if (refusal !== undefined) return refusal;
      this.drop(address);
    }
    this.create(name, settings);
    return undefined;
  }

  remove(name: string, force: boolean): AdministrationRefusal | undefined {
    const address = this.addresses.get(name);
    if (address === undefined || address.implicit) {
      return { reason: 'not-found', message: `There is no address "${name}".` };
    }
    const lost = storedBy(address);
    if (lost > 0 && !force) {
      return { reason: 'would-lose-messages', message: `${lost} messages are stored on "${name}" and would be lost.` };
    }
    this.drop(address);
    return undefined;
  }

  /** The address of that name, or, where wanted, a topic without a document. */
  resolve(name: string, undeclared: 'refuse' | 'topic'): Address | RefusalReason {
    const address = this.addresses.get(name);
    if (address?.waitsForDeclaration) return 'not-found';
    if (address !== undefined && !(address.implicit && undeclared === 'refuse')) return address;
    if (undeclared === 'refuse') return 'not-found';
    if (!isValidName(name)) return 'not-allowed';
    if (this.implicitCount >= this.implicitMax) return 'resource-limit-exceeded';
    return this.createImplicit(name);
  }

  /** A queue or durable subscription as the journal had it: queues first. @returns the store to be filled */
  restore(facts: StoreFacts): MessageStore {
    const { kind, name, source } = facts;
    if (kind === 'subscription') {
      const known = hasWildcard(source) ? undefined : (this.addresses.get(source) ?? this.createImplicit(source));
      return this.subscriptions.restore(facts, known instanceof Topic ? known : undefined).group.store;
    }
    if (kind === 'dead-letters') return (this.createDeadLetters(name) as Queue).group.store;
    const queue = new Queue(this.core, name, completeSettings({ type: 'queue' }));
    queue.waitsForDeclaration = true;
    queue.group.store.waitsForDeclaration = true;
    this.addresses.set(name, queue);
    return queue.group.store;
  }

  topicUnused(topic: Topic): void {
    if (this.addresses.get(topic.name) !== topic) return;
    this.addresses.delete(topic.name);
    this.implicitCount--;
  }

  createTemporary(owner: object): string | RefusalReason {
    if (this.temporaryCount >= TEMPORARY_MAX) return 'resource-limit-exceeded';
    const name = `${TEMPORARY_PREFIX}${this.epoch}/${++this.temporaryNumber}`;
    const queue = new Queue(this.core, name, TEMPORARY_SETTINGS, { temporary: true });
    queue.owner = owner;
    this.addresses.set(name, queue);
    this.temporaryCount++;
    const names = this.temporary.get(owner);
    if (names === undefined) this.temporary.set(owner, new Set([name]));
    else names.add(name);
    return name;
  }

  removeTemporary(name: string): void {
    const queue = this.addresses.get(name);
    if (queue?.owner !== undefined) this.drop(queue);
  }

  removeTemporaries(owner: object): void {
    for (const name of [...(this.temporary.get(owner) ?? [])]) this.removeTemporary(name);
  }

  /**
   * Sends a message that failed or expired on, as a new one with its old facts. A dead-letter address that is not
   * declared is made a queue, which drops its oldest when full.
   * @returns false when it was refused there
   */
  forward(message: Message, target: string): boolean {
    const address = this.forwardTarget(target);
    if (address === undefined) return false;
    const renewed = message.renewed();
    stampRenewed(renewed, address.settings, this.core.turn.begin());
    const { log } = this.core;
    const { withdraws } = log;
    log.withdraws = 'none';
    const refusal = address.accept(renewed);
    log.withdraws = withdraws;
    return refusal === undefined;
  }

  /** Where messages that failed or expired go: an address that is not declared is made a queue. */
  forwardTarget(name: string): Address | undefined {
    const known = this.addresses.get(name);
    return known !== undefined && !known.implicit ? known : this.createDeadLetters(name);
  }

  private createDeadLetters(name: string): Address | undefined {
    // Its own name as its dead-letter address: a message that fails there is not moved again.
    const refusal = this.declare(name, { type: 'queue', whenFull: 'dropOldest', deadLetter: name });
    const address = this.addresses.get(name);
    if (refusal !== undefined || !(address instanceof Queue)) return undefined;
    address.group.store.record!.kind = 'dead-letters';
    return address;
  }

  private createImplicit(name: string): Topic {
    const topic = new Topic(this.core, this, name, UNDECLARED_SETTINGS);
    this.addresses.set(name, topic);
    this.setImplicit(topic, true);
    return topic;
  }

  private create(name: string, settings: AddressSettings): Address {
    const address = this.make(name, settings);
    this.addresses.set(name, address);
    this.tree.generation++;
    return address;
  }

  private make(name: string, settings: AddressSettings): Address {
    switch (settings.type) {
      case 'queue':
        return new Queue(this.core, name, settings);
      case 'topic':
        return new Topic(this.core, this, name, settings);
      case 'anycast':
        return new Anycast(this.core, name, settings);
      case 'multicast':
        return new Multicast(this.core, this, name, settings);
      default:
        return unreachable(settings.type);
    }
  }

  private drop(address: Address): void {
    if (this.addresses.get(address.name) === address) this.addresses.delete(address.name);
    this.core.ids.forgetRecovered(address.name);
    this.setImplicit(address, false);
    if (address.owner !== undefined) {
      this.temporaryCount--;
      const names = this.temporary.get(address.owner);
      names?.delete(address.name);
      if (names?.size === 0) this.temporary.delete(address.owner);
    }
    this.core.turn.begin();
    if (address instanceof Topic) for (const one of [...address.subscriptions]) this.subscriptions.remove(one);
    address.close();
    this.tree.generation++;
  }

  private setImplicit(address: Address, implicit: boolean): void {
    if (address.implicit === implicit) return;
    address.implicit = implicit;
    this.implicitCount += implicit ? 1 : -1;
  }

  /** A topic without a document gives way to one: its links are closed and may come again. */
  private typeChangeRefusal(address: Address, type: string): AdministrationRefusal | undefined {
    const lost = storedBy(address);
    const from = address.settings.type;
    if (lost > 0) {
      const message = `"${address.name}" stores ${lost} messages as a ${from}: purge or delete it to make it a ${type}.`;
      return { reason: 'would-lose-messages', message };
    }
    if (address.implicit || (!address.inUse && address.producers.size === 0)) return undefined;
    const message = `"${address.name}" is in use as a ${from}: close its links to make it a ${type}.`;
    return { reason: 'in-use', message };
  }

  private eachTopicProducer(visit: (producer: WatchedProducer) => void): void {
    for (const address of this.addresses.values()) if (address instanceof Topic) address.eachProducer(visit);
  }
}

/** Messages that are lost with the address: a topic's durable subscriptions hold them. */
function storedBy(address: Address): number {
  if (!(address instanceof Topic)) return address.stored;
  let stored = 0;
  for (const { durableName, group } of address.subscriptions) {
    if (durableName !== undefined) stored += group.store.stored;
  }
  return stored;
}

function invalidity(name: string, settings: AddressSettings): string | undefined {
  const { type, limits, ttlMs, maxDeliveries, deduplication } = settings;
  if (!isValidName(name)) return `"${name}" is not a name for an address: wildcards and empty names are not allowed.`;
  if (name.startsWith(TEMPORARY_PREFIX)) return `Names that begin with ${TEMPORARY_PREFIX} are the broker's own.`;
  if (!ADDRESS_TYPES.includes(type)) return `There is no address type "${type}".`;
  for (const [limit, value] of Object.entries({ ...limits, maxDeliveries })) {
    if (!Number.isSafeInteger(value) || value < 1) return `${limit} must be a whole number of at least 1.`;
  }
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 0) return 'ttlMs must be a whole number of at least 0.';
  if (deduplication === undefined) return undefined;
  if (type !== 'queue' && type !== 'topic')
    return `Only queues and topics look for duplicates, and "${name}" is ${type}.`;
  return deduplicationFault(deduplication);
}

function unreachable(type: never): never {
  throw new Error(`no such address type: ${String(type)}`);
}
