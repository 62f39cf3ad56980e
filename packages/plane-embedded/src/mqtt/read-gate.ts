/**
 * Whether a connection is read. It is not while the address that it publishes to is full, or while it does not take what
 * it is sent, acknowledgements among it: TCP then holds the client back. One keep-alive at most (DESIGN §4): longer would
 * also hold its acknowledgements and its pings.
 */
import { type MqttConnection, ReasonCode } from '@millrace/mqtt';
import type { Host } from '../protocol-connection.js';

export type GateReason = 'address-full' | 'output-full';

const SENTENCES: Readonly<Record<GateReason, string>> = {
  'address-full': 'the address is full',
  'output-full': 'what was sent is not being read',
};

export class ReadGate {
  private readonly host: Host;
  private readonly connection: MqttConnection;
  /** For clients without keep-alive, ms. */
  private readonly holdMs: number;
  /** Since when, ms since the epoch. */
  private readonly closedSince = new Map<GateReason, number>();

  constructor(host: Host, connection: MqttConnection, holdMs: number) {
    this.host = host;
    this.connection = connection;
    this.holdMs = holdMs;
  }

  close(reason: GateReason): void {
    if (this.closedSince.size === 0) {
      this.connection.suspend();
      this.host.pause();
    }
    if (!this.closedSince.has(reason)) this.closedSince.set(reason, this.host.now());
  }

  open(reason: GateReason): void {
    if (!this.closedSince.delete(reason) || this.closedSince.size > 0) return;
    this.host.resume();
    this.connection.resume();
  }

  /** Ends a connection that was held back for too long. @returns when to ask again; 0 = not needed */
  tick(nowMs: number): number {
    let next = 0;
    for (const [reason, sinceMs] of this.closedSince) {
      const { keepAliveSeconds } = this.connection;
      const deadline = sinceMs + (keepAliveSeconds > 0 ? keepAliveSeconds * 1000 : this.holdMs);
      if (nowMs >= deadline) {
        this.connection.disconnect(ReasonCode.quotaExceeded, { reasonString: SENTENCES[reason] });
        return 0;
      }
      next = next === 0 ? deadline : Math.min(next, deadline);
    }
    return next;
  }
}
