/**
 * The disposition performative (AMQP 1.0 §2.7.6), by hand for the outcome that nearly all have: accepted.
 *
 *     00 53 15  c0 size count  role first last settled state
 */
import { decodeError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { FormatCode } from '../codec/format-code.js';
import { readUint32 } from '../codec/skip.js';
import { decodeFields } from '../performatives/composite.js';
import { ACCEPTED, type DeliveryState } from '../performatives/delivery-state.js';
import { DISPOSITION } from '../performatives/performatives.js';
import type { Output } from './output.js';
import { putUint32 } from './transfer-frame.js';

export class DispositionFrame {
  /** Role of who sent it: true = receiver. */
  role = false;
  first = 0;
  last = 0;
  settled = false;
  state: DeliveryState | undefined = undefined;
  private readonly decoder = new Decoder();
  private value = -1;

  /** Parses the list at `start` of a frame that ends at `end`. */
  parse(buffer: Buffer, start: number, end: number): void {
    if (this.parseAccepted(buffer, start, end)) return;
    const decoded = decodeFields(this.decoder.reset(buffer, start, end), DISPOSITION);
    this.role = decoded.role;
    this.first = decoded.first;
    this.last = decoded.last ?? decoded.first;
    this.settled = decoded.settled ?? false;
    this.state = decoded.state;
    this.checkRange();
  }

  /** The usual form: all fields up to the state, which is accepted. @returns false when it is another */
  private parseAccepted(buffer: Buffer, start: number, end: number): boolean {
    if (
      end - start < 11 ||
      buffer[start] !== FormatCode.list8 ||
      buffer[start + 2] !== 5 ||
      start + 2 + buffer[start + 1]! !== end
    )
      return false;
    const role = buffer[start + 3]!;
    if (role !== FormatCode.true && role !== FormatCode.false) return false;
    let position = this.readUint(buffer, start + 4);
    const first = this.value;
    if (first < 0) return false;
    position = this.readUint(buffer, position);
    const last = this.value;
    const settled = buffer[position]!;
    if (last < 0 || (settled !== FormatCode.true && settled !== FormatCode.false)) return false;
    if (position + 5 !== end || readUint32(buffer, position + 1) !== ACCEPTED_STATE) return false;
    this.role = role === FormatCode.true;
    this.first = first;
    this.last = last;
    this.settled = settled === FormatCode.true;
    this.state = ACCEPTED;
    this.checkRange();
    return true;
  }

  private readUint(buffer: Buffer, position: number): number {
    this.value = -1;
    switch (buffer[position]) {
      case FormatCode.uint0:
        this.value = 0;
        return position + 1;
      case FormatCode.smalluint:
        this.value = buffer[position + 1]!;
        return position + 2;
      case FormatCode.uint:
        this.value = readUint32(buffer, position + 1);
        return position + 5;
      default:
        return position;
    }
  }

  private checkRange(): void {
    if (((this.last - this.first) | 0) < 0) throw decodeError('a disposition ends before it begins');
  }
}

/** `00 53 24 45`: accepted, an empty list. */
const ACCEPTED_STATE = 0x00532445;
const ACCEPTED_FRAME_SIZE = 30;

/** Writes a disposition of accepted, settled deliveries. */
export function writeAccepted(output: Output, channel: number, role: boolean, range: DispositionRange): void {
  output.reserve(ACCEPTED_FRAME_SIZE);
  const { buffer, position: start } = output;
  putUint32(buffer, start, ACCEPTED_FRAME_SIZE);
  putUint32(buffer, start + 4, 0x02000000 | channel);
  putUint32(buffer, start + 8, 0x005315c0);
  buffer[start + 12] = 17;
  buffer[start + 13] = 5;
  buffer[start + 14] = role ? FormatCode.true : FormatCode.false;
  buffer[start + 15] = FormatCode.uint;
  putUint32(buffer, start + 16, range.first);
  buffer[start + 20] = FormatCode.uint;
  putUint32(buffer, start + 21, range.last);
  buffer[start + 25] = FormatCode.true;
  putUint32(buffer, start + 26, ACCEPTED_STATE);
  output.position = start + 30;
}

/** A run of deliveries that got the same state and is not said yet. */
export class DispositionRange {
  open = false;
  first = 0;
  last = 0;
  settled = true;
  state: DeliveryState | undefined = ACCEPTED;

  /** @returns false when the delivery does not continue the run */
  extend(deliveryId: number, state: DeliveryState | undefined, settled: boolean): boolean {
    if (!this.open) {
      this.open = true;
      this.first = this.last = deliveryId;
      this.state = state;
      this.settled = settled;
      return true;
    }
    if (deliveryId !== (this.last + 1) >>> 0 || state !== this.state || settled !== this.settled) return false;
    this.last = deliveryId;
    return true;
  }
}
