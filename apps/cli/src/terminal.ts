/**
 * What a command has of the world outside: streams, environment and the wish to stop. Passed in, so that tests run
 * commands without a process of their own. Standard output carries data only; everything said to people goes to
 * standard error.
 */
import type { Readable } from 'node:stream';

export type InterruptionReason = 'SIGINT' | 'SIGTERM' | 'output closed';

export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: Readable;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  /** Width for people; tables that are wider are cut at it. Undefined off a terminal: nothing is cut. */
  readonly columns: number | undefined;
  /** Data, as it stands. */
  data(text: string): void;
  /** Much data: resolves when there is room for more, or when nobody reads it any more. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** A line for people. */
  note(line: string): void;
  /** How far something is, in place of what was said so before; nothing off a terminal. '' takes it away. */
  progress(line: string): void;
  /** Aborted when the user wants the command to end; its `reason` is an InterruptionReason. From the first call on, Ctrl-C no longer kills. */
  interruption(): AbortSignal;
  /** Calls `listener` at each SIGHUP, which then ends the process no more. @returns how to stop that */
  onHangUp(listener: () => void): () => void;
}

/** A terminal passes Ctrl-C to each process of the group, and npm passes it on once more: within this time it is one. */
const SAME_INTERRUPTION_MS = 500;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const controller = new AbortController();
  let watching = false;
  // `millrace receive max | head -1` ends quietly: whoever read our output has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (watching) controller.abort('output closed' satisfies InterruptionReason);
    else process.exit(0);
  });
  process.stderr.on('error', () => {});
  return {
    environment: process.env,
    input: process.stdin,
    inputIsTerminal: process.stdin.isTTY === true,
    outputIsTerminal: process.stdout.isTTY === true,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    data: (text) => {
      process.stdout.write(text);
    },
    write: (chunk) =>
      new Promise((resolve) => {
        process.stdout.write(chunk, () => resolve());
      }),
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
    progress: (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    },
    interruption: () => {
      if (!watching) {
        watching = true;
        watchSignals(controller);
      }
      return controller.signal;
    },
    onHangUp: (listener) => {
      process.on('SIGHUP', listener);
      return () => process.off('SIGHUP', listener);
    },
  };
}

function watchSignals(controller: AbortController): void {
  let firstAt: number | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      controller.abort(signal satisfies InterruptionReason);
    } else if (now - firstAt > SAME_INTERRUPTION_MS) {
      // Asked twice: the clean end takes too long for the user.
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

/** Waits `milliseconds`, or less when `signal` is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish);
  });
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
