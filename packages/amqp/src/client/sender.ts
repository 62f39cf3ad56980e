/** A client's sending link: messages wait for credit in order, each send is a promise of its outcome. */
import { AmqpError, Condition } from '../amqp-error.js';
import { Encoder } from '../codec/encoder.js';
import { OutgoingDelivery, type SenderLink } from '../engine/sender-link.js';
import { type AmqpMessage, encodeMessage } from '../message/message.js';
import { ACCEPTED, type DeliveryState, isOutcome, type Outcome, RELEASED } from '../performatives/delivery-state.js';
import type { Attach } from '../performatives/performatives.js';
import type { Target } from '../performatives/terminus.js';
import { type LinkEvents, LinkLife } from './link-events.js';
import type { Transport } from './transport.js';

export interface SenderOptions {
  /** Link name, unique among the container's links to the peer. Default: a new one. */
  readonly name?: string;
  /** `unsettled`: each send tells its outcome. `settled`: sent and forgotten. Default: unsettled. */
  readonly settlement?: 'unsettled' | 'settled';
  /** Fields of the target beside the address. Default: none. */
  readonly target?: Target;
  /** Messages that may wait for credit; one more is refused. Default: 100,000. */
  readonly waitingMax?: number;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: AmqpError) => void;
}

export class AmqpSender implements LinkEvents {
  /** Undefined: the anonymous relay; each message's `to` says where it goes. */
  readonly address: string | undefined;
  readonly life = new LinkLife();
  private readonly link: SenderLink;
  private readonly transport: Transport;
  private readonly preSettled: boolean;
  private readonly waitingMax: number;
  private readonly delivery = new OutgoingDelivery();
  private readonly encoder = new Encoder();
  private waiting: Waiting[] = [];
  private waitingFrom = 0;
  private readonly unsettled = new Set<Waiting>();
  private whenIdle: (() => void) | undefined = undefined;

  constructor(link: SenderLink, transport: Transport, address: string | undefined, options: SenderOptions) {
    this.link = link;
    this.transport = transport;
    this.address = address;
    this.preSettled = options.settlement === 'settled';
    this.waitingMax = options.waitingMax ?? 100_000;
    link.context = this;
  }

  /** Messages that the peer allows to be sent now. */
  get credit(): number {
    return this.link.credit;
  }

  /**
   * Sends, as soon as there is credit.
   * @returns what became of the message; `accepted` at once when settlement is `settled`
   * @throws AmqpError when the link ends before, with its condition
   */
  send(message: AmqpMessage): Promise<Outcome> {
    return this.sendEncoded(encodeMessage(message, this.encoder));
  }

  /** Like `send`, for a message that is encoded already. The bytes must not change before the promise settles. */
  async sendEncoded(bytes: Buffer): Promise<Outcome> {
    if (this.life.isGone) throw this.life.error ?? new AmqpError(Condition.detachForced, 'the link is closed', 'link');
    if (this.preSettled && this.transport.isFull) await this.transport.drained();
    if (this.waiting.length - this.waitingFrom >= this.waitingMax) {
      throw new AmqpError(Condition.resourceLimitExceeded, `${this.waitingMax} messages wait for credit`, 'link');
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes, resolve, reject });
      this.flow();
    });
  }

  /** Closes the link after what waits was sent and settled. */
  async close(): Promise<void> {
    if (!this.isIdle && !this.life.isGone) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    }
    this.link.detach({ closed: true });
    await this.life.detached;
  }

  attached(attach: Attach): void {
    this.life.answered(attach.target);
  }

  detached(error: AmqpError | undefined): void {
    const reason = this.life.gone(error);
    for (const entry of this.unsettled) entry.reject(reason);
    for (const entry of this.waiting.slice(this.waitingFrom)) entry.reject(reason);
    this.unsettled.clear();
    this.waiting = [];
    this.waitingFrom = 0;
    this.whenIdle?.();
  }

  flow(): void {
    while (this.waitingFrom < this.waiting.length && this.link.sendable() > 0) {
      this.transmit(this.waiting[this.waitingFrom++]!);
    }
    if (this.waitingFrom === this.waiting.length) {
      this.waiting = [];
      this.waitingFrom = 0;
    } else if (this.waitingFrom > 1024) {
      this.waiting = this.waiting.slice(this.waitingFrom);
      this.waitingFrom = 0;
    }
    if (this.isIdle) this.whenIdle?.();
    if (this.link.drain && this.waiting.length === 0) this.link.drained();
  }

  transfer(): void {}

  settled(context: unknown, state: DeliveryState | undefined): void {
    const entry = context as Waiting;
    this.unsettled.delete(entry);
    // Settled without an outcome, nobody has taken it: §3.4 leaves that to default outcomes, which targets have not.
    entry.resolve(state !== undefined && isOutcome(state) ? state : RELEASED);
    if (this.isIdle) this.whenIdle?.();
  }

  private get isIdle(): boolean {
    return this.unsettled.size === 0 && this.waiting.length === 0;
  }

  private transmit(entry: Waiting): void {
    const { delivery } = this;
    delivery.buffer = entry.bytes;
    delivery.start = 0;
    delivery.end = entry.bytes.length;
    delivery.settled = this.preSettled;
    delivery.context = this.preSettled ? undefined : entry;
    try {
      this.link.send(delivery);
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      entry.reject(error);
      return;
    }
    if (this.preSettled) entry.resolve(ACCEPTED);
    else this.unsettled.add(entry);
  }
}
