/** What both ends of a link share (AMQP 1.0 §2.6): name, handles, its state, and its part in flow control. */
import type { AmqpError } from '../amqp-error.js';
import type { Fields } from '../codec/values.js';
import type { Attach, Flow } from '../performatives/performatives.js';
import type { Source, Target } from '../performatives/terminus.js';
import { toErrorRecord } from './error-record.js';
import type { Session } from './session.js';

/**
 *     attaching   we attached, the peer has not answered
 *     offered     the peer attached, we have not answered
 *     attached    both did
 *     detaching   we detached, the peer has not answered
 *     detached    both did, or the session is gone
 */
export type LinkState = 'attaching' | 'offered' | 'attached' | 'detaching' | 'detached';

/** What we say of ourselves when attaching. */
export interface AttachOptions {
  readonly source?: Source | undefined;
  readonly target?: Target | undefined;
  /** Default: what the peer asked for, else mixed. */
  readonly senderSettleMode?: number;
  /** Default: what the peer asked for, else first. */
  readonly receiverSettleMode?: number;
  /** Receivers: largest message in bytes. Default: the connection's `messageSizeMax`. */
  readonly messageSizeMax?: number;
  readonly offeredCapabilities?: readonly string[];
  readonly desiredCapabilities?: readonly string[];
  readonly properties?: Fields;
}

export interface DetachOptions {
  /** True: the link's state is given up too. Default: true. */
  readonly closed?: boolean;
  readonly error?: AmqpError | undefined;
}

export abstract class Link {
  abstract readonly role: 'sender' | 'receiver';
  readonly session: Session;
  readonly name: string;
  /** Our number for the link in the session. */
  readonly handle: number;
  remoteHandle = -1;
  state: LinkState;
  /** The peer's attach, once it came. */
  remote: Attach | undefined = undefined;
  /** Deliveries sent over the link since it was attached, wrapping around. */
  deliveryCount = 0;
  /** Messages that may be sent. */
  credit = 0;
  /** The receiver asked to use up credit now. */
  drain = false;
  /** Deliveries neither end has settled. */
  unsettled = 0;
  /** Free for whoever drives the engine. */
  context: unknown = undefined;
  /** A flow is to be sent at the next flush. */
  flowPending = false;
  /** The handler knows that the link is gone. */
  told = false;
  /** The peer's detach waits for `answerDetach`: whether it closed the link; undefined: none does. */
  heldDetach: boolean | undefined = undefined;

  constructor(session: Session, name: string, handle: number, state: LinkState) {
    this.session = session;
    this.name = name;
    this.handle = handle;
    this.state = state;
  }

  /** Answers an offered link: from now on it is attached. */
  accept(options: AttachOptions): void {
    if (this.state !== 'offered') throw new TypeError(`link ${this.name} is ${this.state}, not offered`);
    this.state = 'attached';
    this.sendAttach(options);
  }

  /** Answers an offered link with an attach that has no terminus of ours, and detaches at once (§2.6.3). */
  refuse(error: AmqpError): void {
    if (this.state !== 'offered') throw new TypeError(`link ${this.name} is ${this.state}, not offered`);
    this.state = 'attached';
    const theirs = this.role === 'sender' ? { target: this.remote?.target } : { source: this.remote?.source };
    this.sendAttach(theirs);
    this.detach({ error });
  }

  /** Detaches, or closes; the peer's answer ends it. */
  detach(options: DetachOptions = {}): void {
    if (this.state === 'offered') {
      this.state = 'attached';
      this.sendAttach({});
    }
    if (this.state !== 'attached' && this.state !== 'attaching') return;
    this.session.sendDetach(this, options.closed ?? true, options.error && toErrorRecord(options.error));
    this.state = 'detaching';
    this.released();
  }

  /** From within `onDetach`: the peer's detach is answered by `answerDetach`, when what it asks for has been done. */
  holdDetach(closed: boolean): void {
    if (this.state === 'attached' || this.state === 'offered') this.heldDetach = closed;
  }

  answerDetach(error?: AmqpError): void {
    const closed = this.heldDetach;
    if (closed === undefined) return;
    this.heldDetach = undefined;
    this.session.sendDetach(this, closed, error && toErrorRecord(error));
    this.session.links.delete(this.handle);
  }

  sendAttach(options: AttachOptions): void {
    this.session.sendAttach(this, {
      name: this.name,
      handle: this.handle,
      role: this.role === 'receiver',
      sndSettleMode: options.senderSettleMode ?? this.remote?.sndSettleMode,
      rcvSettleMode: options.receiverSettleMode ?? this.remote?.rcvSettleMode,
      source: options.source,
      target: options.target,
      offeredCapabilities: options.offeredCapabilities,
      desiredCapabilities: options.desiredCapabilities,
      properties: options.properties,
      ...this.attachFields(options),
    });
  }

  requestFlow(): void {
    if (this.flowPending || this.state !== 'attached') return;
    this.flowPending = true;
    this.session.linkHasFlow(this);
  }

  /** The link's part of a flow that we send. */
  abstract flowFields(): Partial<Flow>;
  /** The peer's flow for this link. */
  abstract handleFlow(flow: Flow): void;
  /** Called when the link ends on our side: what is held for it goes. */
  abstract released(): void;
  protected abstract attachFields(options: AttachOptions): Partial<Attach>;
}
