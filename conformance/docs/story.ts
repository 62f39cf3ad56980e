/**
 * One document read from top to bottom by a user who types what it says, in a folder that has what a checkout has. Ports are
 * free ones; all else is run as it stands. Servers and other programs that run on are ended when the story is over.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, eventually, pause, Running } from '../harness/commands.js';
import { freePort, ROOT } from '../harness/server.js';
import type { Known } from './known-commands.js';
import { shapeOf } from './markdown.js';

const FOLDERS = ['addresses', 'apps', 'examples', 'node_modules', 'packages'];
/** The commands that the package brings; `npx` finds them. */
const PROGRAMS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(ROOT, 'apps/cli/package.json'), 'utf8'),
).bin;
const STARTS_A_SERVER = /\bmillrace(\.js)? (serve|demo)\b/;

interface Ports {
  readonly amqp: number;
  readonly mqtt: number;
  readonly http: number;
}

export class Story {
  private readonly ports: Ports;
  private readonly directory: string;
  /** Commands whose preparations were made: a command may stand in a document more than once. */
  private readonly prepared = new Set<string>();
  /** Programs that run on, the server first. */
  running: Running[] = [];

  private constructor(ports: Ports, directory: string) {
    this.ports = ports;
    this.directory = directory;
  }

  static async begin(files: ReadonlyMap<string, string>): Promise<Story> {
    const ports = { amqp: await freePort(), mqtt: await freePort(), http: await freePort() };
    const directory = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
    const story = new Story(ports, directory);
    for (const folder of FOLDERS) symlinkSync(join(ROOT, folder), join(directory, folder));
    mkdirSync(join(directory, 'bin'));
    for (const [name, script] of Object.entries(PROGRAMS)) {
      symlinkSync(join(ROOT, 'apps/cli', script), join(directory, 'bin', name));
    }
    for (const [name, content] of files) writeFileSync(join(directory, name), story.withPorts(content));
    return story;
  }

  /** Types one command. Gives the program while it runs on, else its result. */
  async type(command: string, known: Exclude<Known, { kind: 'elsewhere' }>): Promise<Running | CommandResult> {
    const given = this.prepared.has(command) ? [] : (known.given ?? []);
    this.prepared.add(command);
    for (const before of given) {
      if (STARTS_A_SERVER.test(before)) await this.type(before, { kind: 'runs', prints: /millrace ready/ });
      else await this.type(before, { kind: 'ends', code: 0 });
    }
    if (STARTS_A_SERVER.test(this.asTyped(command))) await this.stop(this.running);
    if (known.kind === 'ends' && known.alone) await this.stop(this.running.slice(1));
    const program = this.start(command);
    if (known.kind === 'runs') {
      this.running.push(program);
      await untilItRuns(program, known.prints);
      return program;
    }
    const result = await endOf(program);
    const said = result.stdout + result.stderr;
    if (result.code !== known.code) throw new Error(`"${command}" ended with ${result.code}: ${said}`);
    if (known.says !== undefined && !known.says.test(said)) throw new Error(`"${command}" said ${said}`);
    return result;
  }

  async end(): Promise<void> {
    try {
      await this.stop(this.running);
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  private start(command: string): Running {
    const environment = {
      PATH: `${join(this.directory, 'bin')}:${process.env.PATH}`,
      HOME: this.directory,
      MILLRACE_SERVER: `http://127.0.0.1:${this.ports.http}`,
    };
    const typed = this.asTyped(command);
    // The signal that ends it must reach the program itself and not a shell around it.
    const alone = /[|&;]/.test(typed.replace(/'[^']*'/g, '')) ? typed : `exec ${typed}`;
    return new Running('bash', ['-c', alone], { cwd: this.directory, environment });
  }

  /** Ctrl-C for all that runs, clients before their server. Each ends with 0. */
  private async stop(programs: readonly Running[]): Promise<void> {
    this.running = this.running.filter((program) => !programs.includes(program));
    const faults: string[] = [];
    for (const program of programs.toReversed()) {
      const { code, stderr } = await program.stop('SIGINT');
      if (code !== 0) faults.push(`"${program.command}" ended with ${code}: ${stderr.slice(-2000)}`);
    }
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  private asTyped(command: string): string {
    const typed = this.withPorts(command)
      .replace(/ &$/, '')
      .replace(/^npm start$/, 'millrace demo')
      .replace(/^npx (\S+)/, (_, name: string) => {
        if (PROGRAMS[name] === undefined) throw new Error(`npx ${name}: the package brings no such command`);
        return name;
      })
      .replace(/^(mosquitto_\w+)/, `$1 -p ${this.ports.mqtt}`)
      // Debian's Proton belongs to Debian's interpreter.
      .replace(/^python3\b/, '/usr/bin/python3');
    if (!STARTS_A_SERVER.test(typed)) return typed;
    const { amqp, mqtt, http } = this.ports;
    const without = typed.replace(/ --\w+-port \d+/g, '').replace('--for 30s', '--for 7s');
    return `${without} --amqp-port ${amqp} --mqtt-port ${mqtt} --http-port ${http}`;
  }

  private withPorts(text: string): string {
    return text
      .replace(/\b5672\b/g, String(this.ports.amqp))
      .replace(/\b1883\b/g, String(this.ports.mqtt))
      .replace(/\b8080\b/g, String(this.ports.http))
      .replace(/mqtt:\/\/127\.0\.0\.1(?!:)/g, `mqtt://127.0.0.1:${this.ports.mqtt}`);
  }
}

async function untilItRuns(program: Running, prints: RegExp | 'nothing'): Promise<void> {
  if (prints !== 'nothing') {
    await program.until(`output like ${prints}`, ({ stdout, stderr }) => prints.test(stdout + stderr), 30_000);
    return;
  }
  await pause(1_000);
  await program.until('a second had gone by', () => true);
}

async function endOf(program: Running): Promise<CommandResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), 45_000);
  });
  const result = await Promise.race([program.ended, late]);
  clearTimeout(timer);
  if (result !== undefined) return result;
  await program.stop('SIGKILL');
  throw new Error(`"${program.command}" does not end: ${program.stdout.slice(-500)} ${program.stderr.slice(-500)}`);
}

/** Waits until the programs have printed a line of each shape. */
export async function untilShown(
  output: readonly string[],
  programs: readonly (Running | CommandResult)[],
): Promise<void> {
  const lines = () => programs.flatMap(({ stdout, stderr }) => `${stdout}\n${stderr}`.split('\n'));
  for (const expected of output) {
    const shape = shapeOf(expected);
    await eventually(
      `a line like ${JSON.stringify(expected)}`,
      () => lines().some((line) => shape.test(line)),
      25_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; there was\n${lines().join('\n').slice(-3000)}`);
    });
  }
}
