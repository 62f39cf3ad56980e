/**
 * Which windows there are: starts at multiples of the slide since the epoch, half-open [start, end). A pane begins at a
 * multiple of the greatest common divisor of size and slide. All in microseconds; no state.
 */
import type { WindowSpec } from '@millrace/sql';

export class WindowClock {
  readonly sizeUs: number;
  readonly slideUs: number;
  readonly paneUs: number;

  constructor(spec: Pick<WindowSpec, 'sizeUs' | 'slideUs'>) {
    this.sizeUs = spec.sizeUs;
    this.slideUs = spec.slideUs;
    this.paneUs = greatestCommonDivisor(spec.sizeUs, spec.slideUs);
  }

  paneStart(timeUs: number): number {
    return Math.floor(timeUs / this.paneUs) * this.paneUs;
  }

  /** Start of the earliest window that contains the pane. */
  firstWindow(paneStartUs: number): number {
    return Math.ceil((paneStartUs + this.paneUs - this.sizeUs) / this.slideUs) * this.slideUs;
  }

  /** Start of the latest window that contains the pane. */
  lastWindow(paneStartUs: number): number {
    return Math.floor(paneStartUs / this.slideUs) * this.slideUs;
  }

  /** Start of the earliest window that ends after `watermarkUs`. */
  firstOpen(watermarkUs: number): number {
    if (watermarkUs === Number.NEGATIVE_INFINITY) return watermarkUs;
    return (Math.floor((watermarkUs - this.sizeUs) / this.slideUs) + 1) * this.slideUs;
  }
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
