/**
 * The receiving side of PUBLISH on one connection: reads it, keeps QoS 2 exactly once, sees to the receive maximum and to
 * the order of acknowledgements.
 */
import { writeAcknowledgement, writeShortAcknowledgement } from './acknowledgement.js';
import { AcknowledgementOrder } from './acknowledgement-order.js';
import { MqttError } from './error.js';
import type { Output } from './output.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import type { Publication } from './publication.js';
import { PublishDecoder } from './publish-decoder.js';
import { ReasonCode } from './reason-code.js';
import { MqttSession } from './session.js';

const PUBACK = PacketType.puback << 4;
const PUBREC = PacketType.pubrec << 4;
const PUBCOMP = PacketType.pubcomp << 4;

export class IncomingPublications {
  readonly decoder = new PublishDecoder();
  receiveMaximum = 65_535;
  private session = new MqttSession();
  private readonly order = new AcknowledgementOrder();
  private readonly output: Output;
  /** Publications whose exchange is not over: what the receive maximum counts (§4.9). */
  private open = 0;
  private closed = false;
  /** Reason strings of refusals, by tag: rare. */
  private readonly reasons = new Map<number, string>();

  constructor(output: Output) {
    this.output = output;
  }

  start(session: MqttSession, protocolVersion: ProtocolVersion): void {
    this.session = session;
    this.decoder.protocolVersion = protocolVersion;
  }

  /** What is decided from now on is noted in the session, and not written. */
  close(): void {
    this.closed = true;
  }

  /** Reads one PUBLISH. Undefined: a repetition, which is answered here. @throws MqttError */
  receive(first: number, buffer: Buffer, start: number, end: number): Publication | undefined {
    this.decoder.decode(first, buffer, start, end);
    const publication = this.decoder.publication;
    if (publication.qos === 0) {
      publication.tag = -1;
      return publication;
    }
    const { packetId } = publication;
    const known = publication.qos === 2 ? this.session.incoming.begin(packetId) : 'new';
    if (known === 'new' && ++this.open > this.receiveMaximum) throw this.tooMany(publication, known); // [MQTT-3.3.4-7]
    const tag = this.order.add(packetId, publication.qos);
    if (tag < 0) throw this.tooMany(publication, known);
    publication.tag = tag;
    if (known === 'new') return publication;
    if (known === 'accepted') this.decide(tag, ReasonCode.success);
    else this.session.incoming.waitFor(packetId, (reasonCode) => this.decide(tag, reasonCode));
    return undefined;
  }

  private tooMany({ qos, packetId }: Publication, known: 'new' | 'undecided' | 'accepted'): MqttError {
    // It was not taken: when it comes again, it is new.
    if (qos === 2 && known === 'new') this.session.incoming.release(packetId);
    return new MqttError(
      ReasonCode.receiveMaximumExceeded,
      'more publications are open than the receive maximum allows',
    );
  }

  /** The host's decision on a publication. */
  acknowledge(tag: number, reasonCode: number, reason: string | undefined): void {
    if (!this.order.decide(tag, reasonCode)) return;
    if (reason !== undefined) this.reasons.set(tag, reason);
    if (this.order.qosOf(tag) === 2) {
      const packetId = this.order.packetIdOf(tag);
      this.session.incoming.decide(packetId, reasonCode);
      if (reasonCode >= 0x80) this.session.keeper?.refused(packetId);
    }
    this.write();
  }

  private decide(tag: number, reasonCode: number): void {
    if (this.order.decide(tag, reasonCode)) this.write();
  }

  /** Writes the run of decided acknowledgements at the head. */
  private write(): void {
    for (;;) {
      const tag = this.order.shift();
      if (tag < 0) return;
      if (this.closed) continue;
      const packetId = this.order.packetIdOf(tag);
      const reasonCode = this.order.reasonOf(tag);
      const qos = this.order.qosOf(tag);
      if (qos === 1 || reasonCode >= 0x80) this.finishOne();
      if (reasonCode === ReasonCode.success) {
        writeShortAcknowledgement(this.output, qos === 1 ? PUBACK : PUBREC, packetId);
      } else {
        const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
        const answer = { reasonCode, reason: this.reasons.get(tag), protocolVersion: this.decoder.protocolVersion };
        this.reasons.delete(tag);
        writeAcknowledgement(this.output, type, packetId, answer);
      }
    }
  }

  /** PUBCOMP: the peer may use the identifier again. */
  complete(packetId: number): void {
    writeShortAcknowledgement(this.output, PUBCOMP, packetId);
  }

  /** Packet identifier of a publication that is not answered yet. */
  packetIdOf(tag: number): number {
    return this.order.packetIdOf(tag);
  }

  private finishOne(): void {
    if (this.open > 0) this.open--;
  }

  /** PUBREL: the identifier is free again; PUBCOMP goes out in any case [MQTT-4.3.3-11]. */
  release(packetId: number): void {
    const known = this.session.incoming.release(packetId);
    if (known) this.finishOne();
    const { keeper } = this.session;
    if (known && keeper !== undefined) {
      keeper.released(packetId);
    } else if (known || this.decoder.protocolVersion === 4) {
      this.complete(packetId);
    } else {
      const answer = { reasonCode: ReasonCode.packetIdentifierNotFound, protocolVersion: 5 } as const;
      writeAcknowledgement(this.output, PacketType.pubcomp, packetId, answer);
    }
  }
}
