/** What the demo receives: printed as it arrives, and counted. */
import type { IncomingMessage } from '../messaging/message.js';
import { pause, type Terminal } from '../terminal.js';
import { readWindow, windowAsJson, windowAsText } from './demo-window.js';

/** The last window is open for 5 s after the last reading; Spark on a busy machine takes some seconds more. */
const LAST_WINDOW_MS = 45_000;
const LOOK_EVERY_MS = 50;

export class DemoResults {
  windows = 0;
  private readings = 0;
  private readonly terminal: Terminal;
  private readonly output: 'text' | 'json';

  constructor(terminal: Terminal, output: 'text' | 'json') {
    this.terminal = terminal;
    this.output = output;
  }

  /** @returns true: the next one, please */
  take(message: IncomingMessage): true {
    const window = readWindow(message);
    if (window === undefined) {
      this.terminal.note('Skipped a message on "max" that is not of the job.');
      return true;
    }
    this.terminal.data(this.output === 'json' ? windowAsJson(window) : windowAsText(window));
    this.windows += 1;
    this.readings += window.readings;
    return true;
  }

  /**
   * Waits until so many readings are in windows, for a bounded time.
   * @returns false when the last did not come; interrupted, it is true
   */
  async untilCounted(readings: number, signal: AbortSignal): Promise<boolean> {
    const giveUpAt = performance.now() + LAST_WINDOW_MS;
    while (this.readings < readings && !signal.aborted) {
      if (performance.now() > giveUpAt) {
        const left = readings - this.readings;
        this.terminal.note(`The results of ${left} readings did not come within ${LAST_WINDOW_MS / 1000} s.`);
        return false;
      }
      await pause(LOOK_EVERY_MS, signal);
    }
    return true;
  }
}
