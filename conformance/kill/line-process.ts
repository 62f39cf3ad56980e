/** A client that runs for long and says line by line what happens to it. Its standard input stays open until `finish`. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class LineProcess {
  readonly command: string;
  readonly ended: Promise<number>;
  errors = '';
  hasEnded = false;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor(command: string, args: readonly string[], onLine: (line: string) => void) {
    this.command = [command, ...args].join(' ');
    this.child = spawn(command, args, { stdio: 'pipe' });
    running.add(this.child);
    createInterface({ input: this.child.stdout }).on('line', onLine);
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-400);
    });
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => {
        this.hasEnded = true;
        running.delete(this.child);
        resolve(code ?? 128);
      });
    });
    this.ended.catch(() => {});
  }

  write(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Ends its input, and waits until it ends by itself. */
  async finish(timeoutMs = 30_000): Promise<void> {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const code = await this.ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`"${this.command}" ended with ${code}: ${this.errors.trim()}`);
  }

  /** As a client whose machine loses its power. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGTERM');
    await this.ended;
  }
}
