/**
 * A session (AMQP 1.0 §2.5): its windows, its links, and the deliveries that are not settled. Dispositions and flows
 * gather until `flush`, so that a run of them leaves as one frame.
 */
import { AmqpError, Condition } from '../amqp-error.js';
import { ACCEPTED, type DeliveryState, type ErrorRecord, isOutcome } from '../performatives/delivery-state.js';
import {
  ATTACH,
  type Attach,
  type Begin,
  DETACH,
  type Detach,
  DISPOSITION,
  END,
  FLOW,
  type Flow,
} from '../performatives/performatives.js';
import type { Connection } from './connection.js';
import { DeliveryRing } from './delivery-ring.js';
import { type DispositionFrame, DispositionRange, writeAccepted } from './disposition-frame.js';
import { toAmqpError, toErrorRecord } from './error-record.js';
import type { AttachOptions, Link } from './link.js';
import { ReceiverLink } from './receiver-link.js';
import { SenderLink } from './sender-link.js';
import { SessionWindow } from './session-window.js';
import { putBytes, TRANSFER_OVERHEAD, type TransferFrame, type TransferHead } from './transfer-frame.js';

/**
 *     beginning   we began, the peer has not answered
 *     begun       both did
 *     ending      we ended, the peer has not answered: what still comes is discarded
 *     ended       both did, or the connection is gone
 */
export type SessionState = 'beginning' | 'begun' | 'ending' | 'ended';

/** A delivery of which some frames are not sent yet. */
interface Remainder {
  readonly link: SenderLink;
  readonly deliveryId: number;
  readonly messageFormat: number;
  readonly settled: boolean;
  readonly bytes: Buffer;
  position: number;
}

const WIDE_RANGE = 65_536;

export class Session {
  readonly connection: Connection;
  readonly channel: number;
  remoteChannel = -1;
  state: SessionState = 'beginning';
  readonly window: SessionWindow;
  /** Unsettled deliveries that we sent, and that we received. */
  readonly outgoing = new DeliveryRing<SenderLink>();
  readonly incoming = new DeliveryRing<ReceiverLink>();
  nextDeliveryId = 0;
  /** Links by our handle. */
  readonly links = new Map<number, Link>();
  /** Free for whoever drives the engine. */
  context: unknown = undefined;
  /** The link that the frame in hand is about: what an error of scope link ends. */
  currentLink: Link | undefined = undefined;
  remainder: Remainder | undefined = undefined;
  dirty = false;
  private readonly receivers: (ReceiverLink | undefined)[] = [];
  private readonly linksByRemoteHandle = new Map<number, Link>();
  private handleMax: number;
  private readonly fromReceiver = new DispositionRange();
  private readonly fromSender = new DispositionRange();
  private flowLinks: Link[] = [];
  private flowWanted = false;
  private told = false;

  constructor(connection: Connection, channel: number) {
    this.connection = connection;
    this.channel = channel;
    this.handleMax = connection.options.handleMax;
    this.window = new SessionWindow(connection.options.incomingWindow);
  }

  handleBegin(begin: Begin, remoteChannel: number): void {
    this.remoteChannel = remoteChannel;
    this.handleMax = Math.min(this.handleMax, begin.handleMax ?? 0xffffffff);
    this.window.begun(begin.nextOutgoingId, begin.incomingWindow, begin.outgoingWindow);
    this.state = 'begun';
  }

  // Links

  /** Attaches a link of our own. @throws AmqpError when all handles are taken */
  attach(role: 'sender' | 'receiver', name: string, options: AttachOptions): SenderLink | ReceiverLink {
    const link = this.createLink(role, name, 'attaching');
    link.sendAttach(options);
    return link;
  }

  private createLink(
    role: 'sender' | 'receiver',
    name: string,
    state: 'attaching' | 'offered',
  ): SenderLink | ReceiverLink {
    let handle = 0;
    while (this.links.has(handle)) handle++;
    if (handle > this.handleMax) throw new AmqpError(Condition.resourceLimitExceeded, 'no handle is free', 'session');
    const link =
      role === 'sender' ? new SenderLink(this, name, handle, state) : new ReceiverLink(this, name, handle, state);
    this.links.set(handle, link);
    return link;
  }

  handleAttach(attach: Attach): void {
    if (attach.handle > this.connection.options.handleMax) {
      throw new AmqpError(Condition.framingError, `handle ${attach.handle} is above handle-max`);
    }
    if (this.linksByRemoteHandle.has(attach.handle)) {
      throw new AmqpError(Condition.handleInUse, `handle ${attach.handle} is in use`, 'session');
    }
    const role = attach.role ? 'sender' : 'receiver';
    const link = this.linkAttaching(role, attach.name) ?? this.createLink(role, attach.name, 'offered');
    this.currentLink = link;
    link.remote = attach;
    link.remoteHandle = attach.handle;
    this.linksByRemoteHandle.set(attach.handle, link);
    if (link instanceof ReceiverLink) {
      this.receivers[attach.handle] = link;
      link.counts(attach);
    } else {
      link.remoteMessageSizeMax = attach.maxMessageSize ?? 0;
    }
    if (link.state === 'attaching') link.state = 'attached';
    this.connection.handler.onAttach(link, attach);
  }

  private linkAttaching(role: 'sender' | 'receiver', name: string): SenderLink | ReceiverLink | undefined {
    for (const link of this.links.values()) {
      if (link.role !== role || link.name !== name) continue;
      if (link.state === 'attaching' || (link.state === 'detaching' && link.remoteHandle < 0)) {
        return link as SenderLink | ReceiverLink;
      }
      if (link.state !== 'detached' && link.remoteHandle >= 0) {
        throw new AmqpError(Condition.notAllowed, `link ${name} is attached in this session already`, 'session');
      }
    }
    return undefined;
  }

  handleDetach(detach: Detach): void {
    const link = this.linkOf(detach.handle);
    this.currentLink = undefined;
    const closed = detach.closed ?? false;
    this.linksByRemoteHandle.delete(detach.handle);
    this.receivers[detach.handle] = undefined;
    this.tellDetached(link, closed, toAmqpError(detach.error, 'link'));
    if (link.state === 'offered') link.accept({});
    const isHeld = link.heldDetach !== undefined;
    if (link.state === 'attached' && !isHeld) this.sendDetach(link, closed, undefined);
    link.state = 'detached';
    link.released();
    if (!isHeld) this.links.delete(link.handle);
  }

  private linkOf(remoteHandle: number): Link {
    const link = this.linksByRemoteHandle.get(remoteHandle);
    if (link === undefined) throw unattachedHandle(remoteHandle);
    return link;
  }

  sendAttach(_link: Link, attach: Attach): void {
    this.connection.writePerformative(this.channel, ATTACH, attach);
  }

  sendDetach(link: Link, closed: boolean, error: ErrorRecord | undefined): void {
    this.flush();
    this.connection.writePerformative(this.channel, DETACH, {
      handle: link.handle,
      closed: closed ? true : undefined,
      error,
    });
  }

  private tellDetached(link: Link, closed: boolean, error: AmqpError | undefined): void {
    if (link.told) return;
    link.told = true;
    this.connection.handler.onDetach(link, closed, error);
  }

  // Transfers and settlement

  handleTransfer(frame: TransferFrame, buffer: Buffer, end: number): void {
    this.window.transferReceived();
    const link = this.receivers[frame.handle];
    if (link === undefined) throw unattachedHandle(frame.handle);
    if (this.window.isLow) this.markDirty();
    if (link.state === 'detaching') return;
    this.currentLink = link;
    link.handleTransfer(frame, buffer, end);
  }

  handleDisposition(frame: DispositionFrame): void {
    const { first, last } = frame;
    const width = (last - first) >>> 0;
    if (width > WIDE_RANGE) {
      const ring = frame.role ? this.outgoing : this.incoming;
      for (const id of ring.idsBetween(first, last)) this.settleRemotely(id, frame);
      return;
    }
    for (let i = 0; i <= width; i++) this.settleRemotely((first + i) >>> 0, frame);
  }

  private settleRemotely(deliveryId: number, frame: DispositionFrame): void {
    if (frame.role) this.settledByReceiver(deliveryId, frame);
    else this.settledBySender(deliveryId, frame);
  }

  private settledByReceiver(deliveryId: number, frame: DispositionFrame): void {
    const { state, settled } = frame;
    if (!settled && (state === undefined || !isOutcome(state))) return;
    const { outgoing } = this;
    if (!outgoing.take(deliveryId)) return;
    const link = outgoing.link!;
    link.unsettled--;
    if (!settled) this.queueDisposition(false, deliveryId, state, true);
    this.connection.handler.onSettled(link, outgoing.context, state, settled);
  }

  private settledBySender(deliveryId: number, frame: DispositionFrame): void {
    if (!frame.settled || !this.incoming.take(deliveryId)) return;
    const link = this.incoming.link!;
    link.unsettled--;
    this.connection.handler.onSenderSettled(link, deliveryId, frame.state);
  }

  /** Adds to the run of dispositions that the next flush writes. `asReceiver` is the role that we say it in. */
  queueDisposition(asReceiver: boolean, deliveryId: number, state: DeliveryState | undefined, settled: boolean): void {
    const range = asReceiver ? this.fromReceiver : this.fromSender;
    if (!range.extend(deliveryId, state, settled)) {
      this.writeDisposition(asReceiver, range);
      range.extend(deliveryId, state, settled);
    }
    this.markDirty();
  }

  private writeDisposition(role: boolean, range: DispositionRange): void {
    range.open = false;
    const { connection, channel } = this;
    if (range.state === ACCEPTED && range.settled) {
      writeAccepted(connection.output, channel, role, range);
      connection.written();
      return;
    }
    const { first, last, settled, state } = range;
    connection.writePerformative(channel, DISPOSITION, { role, first, last, settled, state });
  }

  /** Sends the frames of a delivery, as many as the window allows; the rest waits for a flow. */
  sendRemainder(remainder: Remainder): void {
    this.remainder = remainder;
    this.continueRemainder();
  }

  private continueRemainder(): void {
    const { remainder, connection, window } = this;
    if (remainder === undefined) return;
    const { bytes } = remainder;
    const room = connection.remoteFrameSizeMax - TRANSFER_OVERHEAD;
    const { head, output } = connection;
    while (window.remoteIncomingWindow > 0) {
      const end = Math.min(bytes.length, remainder.position + room);
      fillHead(head, this.channel, remainder);
      head.more = end < bytes.length;
      output.reserve(end - remainder.position + TRANSFER_OVERHEAD);
      head.write(output, end - remainder.position);
      putBytes(output, bytes, remainder.position, end);
      window.transferSent();
      connection.written();
      remainder.position = end;
      if (head.more) continue;
      this.remainder = undefined;
      return;
    }
  }

  dropRemainder(link: SenderLink): void {
    if (this.remainder?.link === link) this.remainder = undefined;
  }

  // Flow control

  handleFlow(flow: Flow): void {
    this.window.flowReceived(flow.nextIncomingId, flow.incomingWindow, flow.nextOutgoingId, flow.outgoingWindow);
    this.continueRemainder();
    if (flow.handle === undefined) {
      if (flow.echo === true) this.requestFlow();
      this.connection.handler.onSessionFlow(this);
      return;
    }
    const link = this.linkOf(flow.handle);
    this.currentLink = link;
    if (link.state === 'detaching') return;
    link.handleFlow(flow);
    // An offered link is answered later; what it may send is known then.
    if (link.state === 'offered') return;
    if (flow.echo === true) link.requestFlow();
    this.connection.handler.onFlow(link);
    this.connection.handler.onSessionFlow(this);
  }

  /** Tells the peer our windows at the next flush. */
  requestFlow(): void {
    this.flowWanted = true;
    this.markDirty();
  }

  linkHasFlow(link: Link): void {
    this.flowLinks.push(link);
    this.markDirty();
  }

  private markDirty(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.connection.sessionIsDirty(this);
  }

  /** Writes what has gathered. */
  flush(): void {
    this.dirty = false;
    if (this.state !== 'begun') return;
    if (this.fromReceiver.open) this.writeDisposition(true, this.fromReceiver);
    if (this.fromSender.open) this.writeDisposition(false, this.fromSender);
    if (this.flowLinks.length > 0) {
      const links = this.flowLinks;
      this.flowLinks = [];
      for (const link of links) this.writeLinkFlow(link);
    }
    if (this.flowWanted || this.window.isLow) this.writeFlow({});
  }

  private writeLinkFlow(link: Link): void {
    link.flowPending = false;
    if (link.state === 'attached') this.writeFlow(link.flowFields());
  }

  private writeFlow(linkFields: Partial<Flow>): void {
    const { window } = this;
    window.renew();
    this.flowWanted = false;
    this.connection.writePerformative(this.channel, FLOW, {
      nextIncomingId: window.nextIncomingId,
      incomingWindow: window.incomingWindow,
      nextOutgoingId: window.nextOutgoingId,
      outgoingWindow: window.outgoingWindow,
      ...linkFields,
    });
  }

  // End

  /** Ends the session; the peer's answer completes it. */
  end(error?: AmqpError): void {
    if (this.state !== 'begun' && this.state !== 'beginning') return;
    this.flush();
    this.connection.writePerformative(this.channel, END, { error: error && toErrorRecord(error) });
    this.state = 'ending';
  }

  /** An error of the session's or a link's scope: ends that. */
  fail(error: AmqpError): void {
    const link = this.currentLink;
    if (error.scope === 'link' && link !== undefined && link.state !== 'detached') {
      link.detach({ error });
      this.tellDetached(link, true, error);
      return;
    }
    this.end(error);
    this.release(error);
  }

  /** Tells the handler that all links and the session are gone. */
  release(error: AmqpError | undefined): void {
    if (this.told) return;
    this.told = true;
    for (const link of this.links.values()) {
      link.state = 'detached';
      link.heldDetach = undefined;
      link.released();
      this.tellDetached(link, false, error);
    }
    this.links.clear();
    this.linksByRemoteHandle.clear();
    this.receivers.length = 0;
    this.remainder = undefined;
    this.connection.handler.onEnd(this, error);
  }
}

function fillHead(head: TransferHead, channel: number, remainder: Remainder): void {
  head.channel = channel;
  head.handle = remainder.link.handle;
  head.deliveryId = remainder.deliveryId;
  head.messageFormat = remainder.messageFormat;
  head.settled = remainder.settled;
  head.continuation = remainder.position > 0;
}

function unattachedHandle(handle: number): AmqpError {
  return new AmqpError(Condition.unattachedHandle, `handle ${handle} is not attached`, 'session');
}
