/**
 * Acknowledgements leave in the order in which the publications came [MQTT-4.6.0-2] [MQTT-4.6.0-3], whatever the order in
 * which they are decided. A ring: one slot for each publication that has not been answered yet.
 *
 *     head          next
 *      │  decided ▢ ▣ ▣ ▢   │     only the run of decided ones at the head leaves
 */
import type { QoS } from './packet-type.js';

const UNDECIDED = 0xff;
/** Packet identifiers bound what may be open. */
const CAPACITY_MAX = 65_536;

export class AcknowledgementOrder {
  private head = 0;
  private next = 0;
  private packetIds = new Uint16Array(16);
  private qos = new Uint8Array(16);
  private reasons = new Uint8Array(16).fill(UNDECIDED);

  /** Publications that are not answered. */
  get open(): number {
    return this.next - this.head;
  }

  /** Takes the next place; returns its tag, or -1 when there is none. */
  add(packetId: number, qos: QoS): number {
    if (this.next - this.head === this.packetIds.length && !this.grow()) return -1;
    const tag = this.next++;
    const slot = tag & (this.packetIds.length - 1);
    this.packetIds[slot] = packetId;
    this.qos[slot] = qos;
    this.reasons[slot] = UNDECIDED;
    return tag;
  }

  /** False when the tag is not open, or decided already. */
  decide(tag: number, reasonCode: number): boolean {
    if (tag < this.head || tag >= this.next) return false;
    const slot = tag & (this.packetIds.length - 1);
    if (this.reasons[slot] !== UNDECIDED) return false;
    this.reasons[slot] = reasonCode;
    return true;
  }

  packetIdOf(tag: number): number {
    return this.packetIds[tag & (this.packetIds.length - 1)]!;
  }

  qosOf(tag: number): number {
    return this.qos[tag & (this.packetIds.length - 1)]!;
  }

  reasonOf(tag: number): number {
    return this.reasons[tag & (this.packetIds.length - 1)]!;
  }

  /** The tag at the head, when it is decided, and takes it out; else -1. */
  shift(): number {
    if (this.head === this.next) return -1;
    if (this.reasons[this.head & (this.packetIds.length - 1)] === UNDECIDED) return -1;
    return this.head++;
  }

  private grow(): boolean {
    const size = this.packetIds.length;
    if (size >= CAPACITY_MAX) return false;
    const packetIds = new Uint16Array(size * 2);
    const qos = new Uint8Array(size * 2);
    const reasons = new Uint8Array(size * 2).fill(UNDECIDED);
    for (let tag = this.head; tag < this.next; tag++) {
      const from = tag & (size - 1);
      const to = tag & (size * 2 - 1);
      packetIds[to] = this.packetIds[from]!;
      qos[to] = this.qos[from]!;
      reasons[to] = this.reasons[from]!;
    }
    this.packetIds = packetIds;
    this.qos = qos;
    this.reasons = reasons;
    return true;
  }
}
