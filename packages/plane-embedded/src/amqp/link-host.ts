/** What the links of a connection need of it, and what it needs of them. */
import type { AmqpError, IncomingDelivery, Link } from '@millrace/amqp';
import type { Message } from '@millrace/broker';
import type { LinkObservation } from '@millrace/controller';
import type { Principal } from '@millrace/security';
import type { AmqpContext } from './amqp-context.js';
import type { IncomingMessage } from './incoming-message.js';
import type { OutgoingMessage } from './outgoing-message.js';

export interface LinkHost {
  readonly context: AmqpContext;
  readonly principal: Principal;
  /** The one borrowed message of the connection, and what reads it out of a delivery. */
  readonly message: Message;
  readonly incoming: IncomingMessage;
  readonly outgoing: OutgoingMessage;
  /** Called before anything is written or settled: the connection is then flushed at the end of the turn. */
  wake(): void;
  /** The link has something to do at the end of the turn, after the broker's commit. */
  touch(link: BrokerLink): void;
  /** True while so much waits for the socket that receivers are given no more. */
  isFull(): boolean;
  /** A queue that lives as long as its link. @throws AmqpError of scope link */
  createTemporary(): string;
  removeTemporary(name: string): void;
  ownsTemporary(name: string): boolean;
}

/** A link as the broker's side of it: the `context` of the engine's link. */
export interface BrokerLink {
  readonly link: Link;
  readonly address: string;
  touched: boolean;
  /** Messages that went over the link. */
  readonly deliveries: number;
  /** A whole delivery came; receiving links only. */
  transfer(delivery: IncomingDelivery): void;
  /** Credit, drain or the session's window changed. */
  flow(): void;
  endOfTurn(): void;
  /** The link is gone; `closed`: for good. */
  detached(closed: boolean): void;
  /** A right was taken away: nothing more goes over the link, and it is detached with the error. */
  revoke(error: AmqpError): void;
  /** What a right is needed for; undefined: it is asked for with each message. */
  readonly needs: 'send' | 'recv' | undefined;
  /** Rights have changed, and the link may go on. */
  rightsChanged?(): void;
}

/** How a link looks to the console. Roles are the client's. */
export function observeLink(brokerLink: BrokerLink): LinkObservation {
  const { link, address, deliveries } = brokerLink;
  return {
    name: link.name,
    role: link.role === 'receiver' ? 'sender' : 'receiver',
    address,
    credit: link.credit,
    unsettled: link.unsettled,
    deliveries,
  };
}
