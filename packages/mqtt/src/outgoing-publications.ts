/**
 * The sending side of PUBLISH on one connection: writes it, counts the send quota (MQTT 5 §4.9), carries the exchange of
 * QoS 1 and 2 through, and sends again what a resumed session left open.
 */
import { writeAcknowledgement, writeShortAcknowledgement } from './acknowledgement.js';
import type { PublishResult } from './connection-options.js';
import { OutgoingState } from './outgoing-window.js';
import type { Output } from './output.js';
import { PacketType } from './packet-type.js';
import type { OutgoingPublication } from './publication.js';
import { PublishEncoder } from './publish-encoder.js';
import { ReasonCode } from './reason-code.js';
import { MqttSession } from './session.js';

const PUBREL = (PacketType.pubrel << 4) | 2;

interface OutgoingHandler {
  onAcknowledged(context: unknown, reasonCode: number): void;
  onCompleted(context: unknown): void;
  onResend(context: unknown, packetId: number): boolean;
}

export class OutgoingPublications {
  readonly encoder = new PublishEncoder();
  private session = new MqttSession();
  private readonly output: Output;
  private readonly handler: OutgoingHandler;
  private quotaMax = 65_535;
  private quota = 65_535;
  /** Next sequence number to send again, and the end of those; equal when nothing is left. */
  private resendAt = 0;
  private resendEnd = 0;

  constructor(output: Output, handler: OutgoingHandler) {
    this.output = output;
    this.handler = handler;
  }

  /** How many more publications of QoS 1 and 2 may be sent now. */
  get sendQuota(): number {
    return this.resendAt < this.resendEnd ? 0 : this.quota;
  }

  /** Begins with a session, and sends what it left open, in order, as far as the quota goes [MQTT-4.4.0-1]. */
  start(session: MqttSession, quota: number): void {
    this.session = session;
    this.quotaMax = quota;
    this.quota = quota;
    const { oldest, next } = session.outgoing.bounds;
    this.resendAt = oldest;
    this.resendEnd = next;
    this.pumpResend();
  }

  private pumpResend(): void {
    const { outgoing } = this.session;
    while (this.resendAt < this.resendEnd && this.quota > 0) {
      const packetId = outgoing.packetIdAt(this.resendAt++);
      const context = outgoing.contextOf(packetId);
      switch (outgoing.stateOf(packetId)) {
        case OutgoingState.awaitingPubcomp:
          // Its PUBCOMP gives quota back, so that it has to take it: else more than that would be open after it (§4.9).
          this.quota--;
          writeShortAcknowledgement(this.output, PUBREL, packetId);
          break;
        case OutgoingState.awaitingPuback:
        case OutgoingState.awaitingPubrec:
          if (!this.handler.onResend(context, packetId)) this.giveUp(packetId);
          break;
        case OutgoingState.awaitingSuback:
        case OutgoingState.awaitingUnsuback:
          outgoing.remove(packetId); // Requests do not belong to the session.
          break;
        default:
      }
    }
  }

  send(publication: OutgoingPublication): PublishResult {
    if (publication.qos === 0) {
      publication.packetId = 0;
      return this.encoder.write(this.output, publication, 0, false) ? 'sent' : 'too-large';
    }
    if (this.sendQuota === 0) return 'no-quota';
    const { outgoing } = this.session;
    const state = publication.qos === 1 ? OutgoingState.awaitingPuback : OutgoingState.awaitingPubrec;
    const packetId = outgoing.add(state, publication.context);
    if (packetId === 0) return 'no-quota';
    publication.packetId = packetId;
    let written = false;
    try {
      written = this.encoder.write(this.output, publication, packetId, publication.duplicate);
    } finally {
      if (!written) outgoing.remove(packetId);
    }
    if (!written) return 'too-large';
    this.quota--;
    return 'sent';
  }

  /** Takes quota and an identifier for a publication of QoS 2 that `sendReserved` sends. 0: there is none. */
  reserve(context: unknown): number {
    if (this.sendQuota === 0) return 0;
    const packetId = this.session.outgoing.add(OutgoingState.awaitingPubrec, context);
    if (packetId !== 0) this.quota--;
    return packetId;
  }

  sendReserved(publication: OutgoingPublication, packetId: number): PublishResult {
    const { outgoing } = this.session;
    const isHis = outgoing.contextOf(packetId) === publication.context;
    if (!isHis || outgoing.stateOf(packetId) !== OutgoingState.awaitingPubrec) return 'not-open';
    publication.packetId = packetId;
    let written = false;
    try {
      written = this.encoder.write(this.output, publication, packetId, false);
    } finally {
      if (!written) {
        this.giveUp(packetId);
        this.regainQuota();
      }
    }
    return written ? 'sent' : 'too-large';
  }

  /** The exchange is over, or there is nothing to send any more. */
  private giveUp(packetId: number): void {
    const { session } = this;
    const { keeper, outgoing } = session;
    const isOnce = outgoing.stateOf(packetId) !== OutgoingState.awaitingPuback;
    outgoing.remove(packetId);
    if (isOnce) keeper?.finished(packetId);
  }

  /** From within `onResend`: DUP is set [MQTT-3.3.1-1], and the QoS is what it was. */
  resend(publication: OutgoingPublication, packetId: number): boolean {
    publication.packetId = packetId;
    publication.qos = this.session.outgoing.stateOf(packetId) === OutgoingState.awaitingPuback ? 1 : 2;
    if (!this.encoder.write(this.output, publication, packetId, true)) return false;
    this.quota--;
    return true;
  }

  puback(packetId: number, reasonCode: number): void {
    const { outgoing } = this.session;
    if (outgoing.stateOf(packetId) === OutgoingState.awaitingPuback) {
      const context = outgoing.contextOf(packetId);
      outgoing.remove(packetId);
      this.regainQuota();
      this.handler.onAcknowledged(context, reasonCode);
      this.handler.onCompleted(context);
    } else {
      this.regainQuota();
    }
  }

  pubrec(packetId: number, reasonCode: number): void {
    const { outgoing, keeper } = this.session;
    const context = outgoing.contextOf(packetId);
    switch (outgoing.stateOf(packetId)) {
      case OutgoingState.awaitingPubrec:
        if (reasonCode >= 0x80) {
          this.giveUp(packetId);
          this.regainQuota();
          this.handler.onAcknowledged(context, reasonCode);
          this.handler.onCompleted(context);
          return;
        }
        outgoing.setState(packetId, OutgoingState.awaitingPubcomp);
        if (keeper === undefined) writeShortAcknowledgement(this.output, PUBREL, packetId);
        this.handler.onAcknowledged(context, reasonCode);
        keeper?.received(packetId);
        return;
      case OutgoingState.awaitingPubcomp:
        if (keeper === undefined) writeShortAcknowledgement(this.output, PUBREL, packetId);
        else keeper.received(packetId);
        return;
      default: {
        // Nothing is known of it: PUBREL lets the peer end the exchange (§3.6.2.1).
        if (reasonCode >= 0x80) return;
        const { protocolVersion } = this.encoder;
        const answer = { reasonCode: ReasonCode.packetIdentifierNotFound, protocolVersion };
        writeAcknowledgement(this.output, PacketType.pubrel, packetId, answer);
      }
    }
  }

  /** From the keeper of the session: PUBREC is kept [MQTT-4.3.3-4]. */
  release(packetId: number): void {
    if (this.session.outgoing.stateOf(packetId) !== OutgoingState.awaitingPubcomp) return;
    writeShortAcknowledgement(this.output, PUBREL, packetId);
  }

  pubcomp(packetId: number): void {
    const { outgoing } = this.session;
    const context = outgoing.contextOf(packetId);
    const known = outgoing.stateOf(packetId) === OutgoingState.awaitingPubcomp;
    if (known) this.giveUp(packetId);
    this.regainQuota();
    if (known) this.handler.onCompleted(context);
  }

  /** The quota never rises above where it began (§4.9). */
  private regainQuota(): void {
    if (this.quota < this.quotaMax) this.quota++;
    if (this.resendAt < this.resendEnd) this.pumpResend();
  }
}
