import { Readable } from 'node:stream';
import type { InterruptionReason, Terminal } from '../src/terminal.js';

export interface FakeTerminal extends Terminal {
  /** What was written to standard output and standard error so far. */
  readonly output: () => string;
  readonly notes: () => string;
  /** What was written as bytes. */
  readonly bytes: () => Buffer;
  interrupt(reason?: InterruptionReason): void;
  /** As SIGHUP. */
  hangUp(): void;
  /** Resolves as soon as standard output holds `text`. */
  outputHolding(text: string): Promise<void>;
  notesHolding(text: string): Promise<void>;
}

export function fakeTerminal(
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    /** Lines typed or piped in. Default: nothing, at its end. */
    readonly input?: string;
    /** Default: false. */
    readonly isTerminal?: boolean;
    readonly columns?: number;
  } = {},
): FakeTerminal {
  const controller = new AbortController();
  const hangUps = new Set<() => void>();
  const written = new Watched();
  const said = new Watched();
  const raw: Buffer[] = [];
  const isTerminal = options.isTerminal ?? false;
  return {
    environment: options.environment ?? {},
    input: Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
    inputIsTerminal: isTerminal,
    outputIsTerminal: isTerminal,
    columns: options.columns,
    data: (text) => written.add(text),
    write: async (chunk) => {
      if (typeof chunk === 'string') written.add(chunk);
      else raw.push(Buffer.from(chunk));
    },
    bytes: () => Buffer.concat(raw),
    progress: () => {},
    note: (line) => said.add(`${line}\n`),
    interruption: () => controller.signal,
    onHangUp: (listener) => {
      hangUps.add(listener);
      return () => hangUps.delete(listener);
    },
    hangUp: () => {
      for (const listener of hangUps) listener();
    },
    output: () => written.text,
    notes: () => said.text,
    interrupt: (reason = 'SIGINT') => controller.abort(reason),
    outputHolding: (text) => written.holding(text),
    notesHolding: (text) => said.holding(text),
  };
}

class Watched {
  text = '';
  #waiting: { readonly text: string; readonly resolve: () => void }[] = [];

  add(more: string): void {
    this.text += more;
    this.#waiting = this.#waiting.filter(({ text, resolve }) => {
      if (!this.text.includes(text)) return true;
      resolve();
      return false;
    });
  }

  holding(text: string): Promise<void> {
    if (this.text.includes(text)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ text, resolve }));
  }
}
