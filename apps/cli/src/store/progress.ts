import type { Terminal } from '../terminal.js';
import { byteSize } from '../text/byte-size.js';

const EVERY_MS = 200;

/** Says from time to time how much of something is done. */
export class Progress {
  private readonly terminal: Terminal;
  private readonly verb: string;
  private saidAt = 0;
  private done = 0;

  /** @param verb such as "saved" */
  constructor(terminal: Terminal, verb: string) {
    this.terminal = terminal;
    this.verb = verb;
  }

  /** @param total undefined: not known */
  add(bytes: number, total: number | undefined): void {
    this.done += bytes;
    const now = performance.now();
    if (now - this.saidAt < EVERY_MS) return;
    this.saidAt = now;
    const share =
      total === undefined || total === 0 ? '' : `, ${Math.min(100, Math.floor((100 * this.done) / total))} %`;
    this.terminal.progress(`${this.verb} ${byteSize(this.done)}${share}`);
  }

  end(): void {
    this.terminal.progress('');
  }
}
