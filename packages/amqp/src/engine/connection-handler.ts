/**
 * What an engine says to whoever drives it: one object with a method for each event. All are called from within `ingest`,
 * `tick`, `close` or `transportClosed`; all have a default that does nothing.
 */
import type { AmqpError } from '../amqp-error.js';
import type { DeliveryState } from '../performatives/delivery-state.js';
import type { Attach, Open } from '../performatives/performatives.js';
import type { SaslInit } from '../performatives/sasl-frames.js';
import type { Connection } from './connection.js';
import type { IncomingDelivery } from './incoming-delivery.js';
import type { Link } from './link.js';
import type { ReceiverLink } from './receiver-link.js';
import type { SenderLink } from './sender-link.js';
import type { Session } from './session.js';

export class ConnectionHandler {
  /** Listener: a client chose a mechanism. Answer with `saslChallenge` or `saslOutcome`, now or later. */
  onSaslInit(_connection: Connection, _init: SaslInit): void {}

  /** Listener: the answer to a challenge. */
  onSaslResponse(_connection: Connection, _response: Uint8Array): void {}

  /** The peer's open is here; ours has been sent. */
  onOpen(_connection: Connection, _open: Open): void {}

  /** The peer began a session, or answered our begin. */
  onSessionBegin(_session: Session): void {}

  /**
   * The peer attached. A link that it began (`link.state` is `offered`) is to be answered with `accept` or `refuse`, now
   * or later; for one that we began this is the answer.
   */
  onAttach(_link: Link, _attach: Attach): void {}

  /** A whole delivery. The object and its bytes are valid until this returns. */
  onTransfer(_link: ReceiverLink, _delivery: IncomingDelivery): void {}

  /** Credit, drain or available of a link changed. */
  onFlow(_link: Link): void {}

  /** The session's window changed: links that could not send perhaps can. */
  onSessionFlow(_session: Session): void {}

  /**
   * The receiver's word on a delivery that was sent unsettled, once. With `settled` false the receiver waits for ours
   * (rcv-settle-mode second), and the engine has answered.
   * @param context what was given with the delivery
   * @param state undefined when it was settled without one: the source's default outcome applies
   */
  onSettled(_link: SenderLink, _context: unknown, _state: DeliveryState | undefined, _settled: boolean): void {}

  /** The sender settled a received delivery, by itself or to end an exchange in mode second. */
  onSenderSettled(_link: ReceiverLink, _deliveryId: number, _state: DeliveryState | undefined): void {}

  /**
   * The link is gone: the peer detached it, its session or connection ended, or it broke the rules.
   * @param closed whether the peer gave up the link's state too (AMQP 1.0 §2.6.4)
   */
  onDetach(_link: Link, _closed: boolean, _error: AmqpError | undefined): void {}

  /** The session is gone; its links were told first. */
  onEnd(_session: Session, _error: AmqpError | undefined): void {}

  /** The connection is gone, orderly or with an error; its sessions were told first. Called once. */
  onClose(_connection: Connection, _error: AmqpError | undefined): void {}

  /** Nothing more will be read or written: send what the output holds, then end the transport. */
  onDisconnect(_connection: Connection): void {}

  /** Work has gathered that `flush` will write, or frames were written. Called often: it must be cheap. */
  onWork(_connection: Connection): void {}
}
