/** PUBACK, PUBREC, PUBREL and PUBCOMP, each to the half of the connection that waits for it. */
import type { Acknowledgement } from './acknowledgement.js';
import type { IncomingPublications } from './incoming-publications.js';
import type { OutgoingPublications } from './outgoing-publications.js';
import { PacketType } from './packet-type.js';

/** @param acknowledgement as it was read. @throws MqttError */
export function applyAcknowledgement(
  acknowledgement: Acknowledgement,
  incoming: IncomingPublications,
  outgoing: OutgoingPublications,
): void {
  const { packetId, reasonCode } = acknowledgement;
  switch (acknowledgement.type) {
    case PacketType.puback:
      outgoing.puback(packetId, reasonCode);
      break;
    case PacketType.pubrec:
      outgoing.pubrec(packetId, reasonCode);
      break;
    case PacketType.pubrel:
      incoming.release(packetId);
      break;
    default:
      outgoing.pubcomp(packetId);
  }
}
