/**
 * The disposition performative (AMQP 1.0 §2.7.6), by hand for the outcome that nearly all have: accepted.
 *
 *     00 53 15  c0 size count  role first last settled state
 */
import { decodeError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { FormatCode } from '../codec/format-code.js';
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

  /** Parses the list at `start` of a frame that ends at `end`. */
  parse(buffer: Buffer, start: number, end: number): void {
    const decoded = decodeFields(this.decoder.reset(buffer, start, end), DISPOSITION);
    this.role = decoded.role;
    this.first = decoded.first;
    this.last = decoded.last ?? decoded.first;
    this.settled = decoded.settled ?? false;
    this.state = decoded.state;
    if (((this.last - this.first) | 0) < 0) throw decodeError('a disposition ends before it begins');
  }
}

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
  putUint32(buffer, start + 26, 0x00532445);
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
