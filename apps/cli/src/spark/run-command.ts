/** Runs a program of somebody else to its end: what it says can be passed on, and is kept for the reason of a failure. */
import { spawn } from 'node:child_process';

export interface CommandOutcome {
  /** Undefined when it could not be started or was killed. */
  readonly code: number | undefined;
  /** The last of what it wrote, both outputs together. */
  readonly output: string;
  /** There is no such program. */
  readonly missing: boolean;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Aborted: the program is ended. */
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

const KEPT_CHARACTERS = 20_000;

export function runCommand(
  command: string,
  argumentList: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(command, argumentList, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...(options.environment ?? process.env) },
    });
    let output = '';
    let rest = '';
    const keep = (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(-KEPT_CHARACTERS);
      for (const line of lines) options.onLine?.(line.trimEnd());
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const end = () => child.kill('SIGTERM');
    options.signal?.addEventListener('abort', end, { once: true });
    const finish = (code: number | undefined, missing: boolean) => {
      options.signal?.removeEventListener('abort', end);
      resolve({ code, output, missing });
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      output += error.message;
      finish(undefined, error.code === 'ENOENT');
    });
    child.once('close', (code) => finish(code ?? undefined, false));
    if (options.signal?.aborted === true) end();
  });
}

/** For messages: the last lines that say something. */
export function lastLines(text: string, count: number): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count);
}
