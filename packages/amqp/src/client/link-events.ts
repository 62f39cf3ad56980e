/** What the client's links hear of their engine link; each is the `context` of one. */
import { AmqpError, Condition } from '../amqp-error.js';
import type { Connection } from '../engine/connection.js';
import { ConnectionHandler } from '../engine/connection-handler.js';
import type { IncomingDelivery } from '../engine/incoming-delivery.js';
import type { Link } from '../engine/link.js';
import type { ReceiverLink } from '../engine/receiver-link.js';
import type { SenderLink } from '../engine/sender-link.js';
import type { Session } from '../engine/session.js';
import type { DeliveryState } from '../performatives/delivery-state.js';
import type { Attach, Open } from '../performatives/performatives.js';
import { Deferred } from './deferred.js';

export interface LinkEvents {
  attached(attach: Attach): void;
  detached(error: AmqpError | undefined): void;
  flow(): void;
  transfer(delivery: IncomingDelivery): void;
  settled(context: unknown, state: DeliveryState | undefined): void;
}

export interface ConnectionEvents {
  opened(open: Open): void;
  closed(error: AmqpError | undefined): void;
  disconnect(): void;
  work(): void;
  sessionEnded(session: Session): void;
}

export class ClientHandler extends ConnectionHandler {
  private readonly events: ConnectionEvents;

  constructor(events: ConnectionEvents) {
    super();
    this.events = events;
  }

  override onOpen(_connection: Connection, open: Open): void {
    this.events.opened(open);
  }

  override onAttach(link: Link, attach: Attach): void {
    if (link.state === 'offered') {
      link.refuse(new AmqpError(Condition.notImplemented, 'this client takes no links', 'link'));
      return;
    }
    eventsOf(link)?.attached(attach);
  }

  override onTransfer(link: ReceiverLink, delivery: IncomingDelivery): void {
    eventsOf(link)?.transfer(delivery);
  }

  override onFlow(link: Link): void {
    eventsOf(link)?.flow();
  }

  override onSessionFlow(session: Session): void {
    for (const link of session.links.values()) if (link.role === 'sender') eventsOf(link)?.flow();
  }

  override onSettled(link: SenderLink, context: unknown, state: DeliveryState | undefined): void {
    eventsOf(link)?.settled(context, state);
  }

  override onDetach(link: Link, _closed: boolean, error: AmqpError | undefined): void {
    eventsOf(link)?.detached(error);
  }

  override onEnd(session: Session): void {
    this.events.sessionEnded(session);
  }

  override onClose(_connection: Connection, error: AmqpError | undefined): void {
    this.events.closed(error);
  }

  override onDisconnect(): void {
    this.events.disconnect();
  }

  override onWork(): void {
    this.events.work();
  }
}

function eventsOf(link: Link): LinkEvents | undefined {
  return link.context as LinkEvents | undefined;
}

/** A link's two turning points as promises: when the peer has answered, and when it is gone. */
export class LinkLife {
  private readonly answer = new Deferred<void>();
  private readonly ending = new Deferred<AmqpError | undefined>();
  /** Set once the link is gone. */
  error: AmqpError | undefined = undefined;
  isGone = false;

  get attached(): Promise<void> {
    return this.answer.promise;
  }

  get detached(): Promise<AmqpError | undefined> {
    return this.ending.promise;
  }

  /** @param terminus ours as the peer repeats it; it is left out by a peer that detaches next (§2.6.3) */
  answered(terminus: object | undefined): void {
    if (terminus !== undefined) this.answer.resolve();
  }

  gone(error: AmqpError | undefined): AmqpError {
    const reason = error ?? new AmqpError(Condition.detachForced, 'the link is closed', 'link');
    this.isGone = true;
    this.error = error;
    this.answer.reject(reason);
    this.ending.resolve(error);
    return reason;
  }
}
