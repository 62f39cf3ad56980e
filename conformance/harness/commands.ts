/**
 * Programs that a user would run in a terminal: to their end with a time-out, or started and watched. Every program that a
 * suite started ends with the suite.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Default: 20,000. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that runs. What it wrote is kept, whole lines apart. */
export class Running {
  stdout = '';
  stderr = '';
  readonly command: string;
  readonly ended: Promise<CommandResult>;
  private readonly child: ChildProcess;

  constructor(command: string, args: readonly string[], options: CommandOptions = {}) {
    this.command = [command, ...args].join(' ');
    this.child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
    });
    running.add(this.child);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdin?.on('error', () => {});
    if (options.input !== undefined) this.child.stdin?.write(options.input);
    this.child.stdin?.end();
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 128), stdout: this.stdout, stderr: this.stderr });
      });
    });
    this.ended.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Whole lines of standard output so far. */
  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** Waits until `test` holds for what the program wrote. */
  async until(what: string, test: (running: Running) => boolean, timeoutMs = 20_000): Promise<this> {
    const giveUp = Date.now() + timeoutMs;
    while (!test(this)) {
      if (this.child.exitCode !== null) throw new Error(`"${this.command}" ended before ${what}: ${this.describe()}`);
      if (Date.now() > giveUp)
        throw new Error(`"${this.command}": no ${what} within ${timeoutMs} ms: ${this.describe()}`);
      await pause(10);
    }
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CommandResult> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  private describe(): string {
    return `stdout ${JSON.stringify(this.stdout.slice(-2000))}, stderr ${JSON.stringify(this.stderr.slice(-2000))}`;
  }
}

/** Runs a program to its end; throws when it takes longer than the time-out. Its exit code is the caller's to judge. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const started = new Running(command, args, options);
  const timeoutMs = options.timeoutMs ?? 20_000;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void started.stop('SIGKILL');
  }, timeoutMs);
  try {
    const result = await started.ended;
    if (timedOut) {
      throw new Error(
        `"${started.command}" took more than ${timeoutMs} ms: ${result.stdout.slice(-500)} ${result.stderr.slice(-500)}`,
      );
    }
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** As `run`, and a failure is an error that shows what the program said. */
export async function runWell(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new Error(`"${command} ${args.join(' ')}" ended with ${result.code}: ${result.stderr} ${result.stdout}`);
  }
  return result;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Polls until `probe` gives something other than undefined or false. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const giveUp = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > giveUp) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(25);
  }
}

/** Resolves on an emitter's event, or fails after the time-out. Emitters of other libraries are typed in their own ways. */
export async function event(
  emitter: object,
  name: string,
  timeoutMs = 15_000,
  // biome-ignore lint/suspicious/noExplicitAny: what an event carries is the emitter's affair
): Promise<any[]> {
  try {
    return await once(emitter as NodeJS.EventEmitter, name, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError')
      throw new Error(`no event "${name}" within ${timeoutMs} ms`);
    throw error;
  }
}
