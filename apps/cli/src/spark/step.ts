/** How the making of a cluster tells how far it is, and hears that it shall stop. */
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';

export interface Task {
  /** A detail of it, such as what pip does. */
  note(detail: string): void;
  end(): void;
}

export interface Step {
  readonly signal: AbortSignal;
  /** Says what is begun, and every 15 seconds that it still goes on. */
  begin(what: string): Task;
  /** @throws CommandError with exit code 130 */
  throwIfInterrupted(): void;
}

const STILL_MS = 15_000;

/** @param say a line for people */
export function createStep(say: (line: string) => void, signal: AbortSignal): Step {
  return {
    signal,
    begin(what) {
      const startedAt = performance.now();
      const seconds = () => Math.round((performance.now() - startedAt) / 1000);
      say(`${what} …`);
      const timer = setInterval(() => say(`${what}, ${seconds()} s`), STILL_MS);
      timer.unref();
      return { note: (detail) => say(`  ${detail}`), end: () => clearInterval(timer) };
    },
    throwIfInterrupted() {
      if (signal.aborted) throw new CommandError('interrupted', { exitCode: EXIT_CODE.interrupted });
    },
  };
}
