/** A client's receiving link: an async iterator over what comes, with a window of credit that refills itself. */
import type { AmqpError } from '../amqp-error.js';
import type { IncomingDelivery } from '../engine/incoming-delivery.js';
import type { ReceiverLink } from '../engine/receiver-link.js';
import { type AmqpMessage, decodeMessage } from '../message/message.js';
import { ACCEPTED, type DeliveryState, type ErrorRecord, RELEASED } from '../performatives/delivery-state.js';
import type { Attach } from '../performatives/performatives.js';
import type { Source } from '../performatives/terminus.js';
import { type LinkEvents, LinkLife } from './link-events.js';

export interface ReceiverOptions {
  /** Link name; with a durable source it names the subscription. Default: a new one. */
  readonly name?: string;
  /** Messages that may be on their way or waiting here. Default: 100. */
  readonly credit?: number;
  /**
   * `automatic`: accepted when handed out by the iterator or `receive`. `explicit`: call `accept`, `reject`, `release` or
   * `modify`. `settled`: the sender settles when it sends. Default: automatic.
   */
  readonly settlement?: 'automatic' | 'explicit' | 'settled';
  /** Fields of the source beside the address: filter, durable, expiryPolicy, distributionMode, … Default: none. */
  readonly source?: Source;
  /** What the sender is asked to do on this link, as extensions name it. Default: nothing. */
  readonly desiredCapabilities?: readonly string[];
}

const REJECTED: DeliveryState = { kind: 'rejected' };
const MODIFIED: DeliveryState = { kind: 'modified', deliveryFailed: true };

export class ReceivedMessage {
  readonly message: AmqpMessage;
  private readonly link: ReceiverLink;
  private readonly deliveryId: number;
  private open: boolean;

  constructor(message: AmqpMessage, link: ReceiverLink, delivery: IncomingDelivery) {
    this.message = message;
    this.link = link;
    this.deliveryId = delivery.deliveryId;
    this.open = !delivery.settled;
  }

  /** True when no outcome can be given any more. */
  get isSettled(): boolean {
    return !this.open;
  }

  accept(): void {
    this.settle(ACCEPTED);
  }

  /** It is invalid: not to be delivered to anyone. */
  reject(error?: ErrorRecord): void {
    this.settle(error === undefined ? REJECTED : { kind: 'rejected', error });
  }

  /** Given back untouched. */
  release(): void {
    this.settle(RELEASED);
  }

  /** Given back as tried without success, unless other fields are said. */
  modify(fields: { readonly deliveryFailed?: boolean; readonly undeliverableHere?: boolean } = {}): void {
    this.settle(Object.keys(fields).length === 0 ? MODIFIED : { kind: 'modified', ...fields });
  }

  private settle(state: DeliveryState): void {
    if (!this.open) return;
    this.open = false;
    this.link.settle(this.deliveryId, state);
  }
}

type Taker = (message: ReceivedMessage | undefined) => void;

export class AmqpReceiver implements LinkEvents, AsyncIterable<ReceivedMessage> {
  readonly life = new LinkLife();
  private readonly link: ReceiverLink;
  private readonly window: number;
  private readonly automatic: boolean;
  private readonly ready: ReceivedMessage[] = [];
  private takers: Taker[] = [];
  private drainWaiters: (() => void)[] = [];

  constructor(link: ReceiverLink, options: ReceiverOptions) {
    this.link = link;
    this.window = options.credit ?? 100;
    this.automatic = (options.settlement ?? 'automatic') === 'automatic';
    link.context = this;
  }

  /** Where messages come from; for a dynamic receiver the name that the peer made. */
  get address(): string | undefined {
    const address = this.link.remote?.source?.address;
    return typeof address === 'string' ? address : undefined;
  }

  /** What the peer said it does on this link, of what was desired and beside it. */
  get offeredCapabilities(): readonly string[] {
    return this.link.remote?.offeredCapabilities ?? [];
  }

  /** Credit that the peer has not used. */
  get credit(): number {
    return this.link.credit;
  }

  /**
   * The next message.
   * @param timeoutMs how long to wait; undefined: until the link ends
   * @returns undefined when time ran out or the link was closed
   * @throws AmqpError when the link ended with an error
   */
  async receive(timeoutMs?: number): Promise<ReceivedMessage | undefined> {
    const waiting = this.ready.shift();
    if (waiting !== undefined) return this.handOut(waiting);
    this.throwIfFailed();
    if (this.life.isGone || timeoutMs === 0) return undefined;
    const message = await this.take(timeoutMs);
    if (message === undefined) this.throwIfFailed();
    return message === undefined ? undefined : this.handOut(message);
  }

  /** Takes what the peer has now, then returns; what came waits here. Credit is 0 afterwards until something is taken. */
  async drain(): Promise<void> {
    if (this.life.isGone || this.link.credit === 0) return;
    this.link.requestDrain();
    await new Promise<void>((resolve) => this.drainWaiters.push(resolve));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    for (;;) {
      const message = await this.receive();
      if (message === undefined) return;
      yield message;
    }
  }

  /** Closes the link; messages that were not handed out go back to the peer. */
  async close(): Promise<void> {
    await this.leave(true);
  }

  /** Leaves, keeping what the peer stores for a durable source. */
  async detach(): Promise<void> {
    await this.leave(false);
  }

  attached(attach: Attach): void {
    this.life.answered(attach.source);
    if (attach.source !== undefined) this.link.setCredit(this.window);
  }

  detached(error: AmqpError | undefined): void {
    this.life.gone(error);
    const { takers, drainWaiters } = this;
    this.takers = [];
    this.drainWaiters = [];
    for (const taker of takers) taker(undefined);
    for (const resolve of drainWaiters) resolve();
  }

  flow(): void {
    if (this.link.drain) return;
    const { drainWaiters } = this;
    this.drainWaiters = [];
    for (const resolve of drainWaiters) resolve();
  }

  transfer(delivery: IncomingDelivery): void {
    const message = decodeMessage(delivery.buffer, delivery.start, delivery.end);
    const received = new ReceivedMessage(message, this.link, delivery);
    const taker = this.takers.shift();
    if (taker === undefined) this.ready.push(received);
    else taker(received);
  }

  settled(): void {}

  private handOut(message: ReceivedMessage): ReceivedMessage {
    if (this.automatic) message.accept();
    const room = this.window - this.ready.length;
    if (!this.life.isGone && this.link.credit <= this.window >>> 1 && room > this.link.credit && !this.link.drain) {
      this.link.setCredit(room);
    }
    return message;
  }

  private take(timeoutMs: number | undefined): Promise<ReceivedMessage | undefined> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const taker: Taker = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
      this.takers.push(taker);
      if (timeoutMs === undefined) return;
      timer = setTimeout(() => {
        this.takers = this.takers.filter((other) => other !== taker);
        resolve(undefined);
      }, timeoutMs);
    });
  }

  private async leave(closed: boolean): Promise<void> {
    for (const message of this.ready) message.release();
    this.ready.length = 0;
    this.link.detach({ closed });
    await this.life.detached;
  }

  private throwIfFailed(): void {
    if (this.life.error !== undefined) throw this.life.error;
  }
}
