/**
 * The exchange of QoS 2 step by step, for a host that keeps sessions over a restart (`SessionKeeper`): what a step lets the
 * peer forget has to be kept before the step is taken.
 */
import type { PublishResult } from './connection-options.js';
import type { IncomingPublications } from './incoming-publications.js';
import type { OutgoingPublications } from './outgoing-publications.js';
import type { OutgoingPublication } from './publication.js';

export class ExchangeSteps {
  private readonly connection: { readonly phase: string };
  private readonly incoming: IncomingPublications;
  private readonly outgoing: OutgoingPublications;

  constructor(connection: { readonly phase: string }, incoming: IncomingPublications, outgoing: OutgoingPublications) {
    this.connection = connection;
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  /**
   * Takes quota and a packet identifier for a publication of QoS 2 that is sent later.
   * @returns the identifier; 0: as many as the peer allows are open
   */
  reserve(context: unknown): number {
    return this.isOpen ? this.outgoing.reserve(context) : 0;
  }

  /** Sends what `reserve` took the identifier for; `publication.context` is the same. @throws MqttError as `publish` */
  publish(publication: OutgoingPublication, packetId: number): PublishResult {
    return this.isOpen ? this.outgoing.sendReserved(publication, packetId) : 'not-open';
  }

  /** That PUBREC came is kept: PUBREL goes out. */
  release(packetId: number): void {
    if (this.isOpen) this.outgoing.release(packetId);
  }

  /** That PUBREL came is kept: PUBCOMP goes out. */
  complete(packetId: number): void {
    if (this.isOpen) this.incoming.complete(packetId);
  }

  /** Packet identifier of a publication that is not acknowledged yet. */
  packetIdOf(tag: number): number {
    return this.incoming.packetIdOf(tag);
  }

  private get isOpen(): boolean {
    return this.connection.phase === 'open';
  }
}
