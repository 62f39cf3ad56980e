/** Starts one process of a cluster, and waits until its log says that it is ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import { pause } from '../terminal.js';
import type { Component } from './components.js';
import { reasonFromLog } from './log-reason.js';
import { identify, type ProcessIdentity } from './process-table.js';
import { lastLines } from './run-command.js';

/** In the background it outlives this process; attached it ends with it, however that ends. */
export type Tie = 'background' | 'attached';

export interface Launched {
  readonly component: Component;
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
}

/** A cold start of all three takes 15 s on two quiet cores; with others at work on them, minutes have been seen. */
const READY_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 150;

/**
 * The shell leads the group, runs the command in it, and kills the whole group when its standard input ends: the other end
 * of that pipe is held by this process alone. spark-class and spark-submit become the Java process by exec. The shell waits
 * for that one at SIGTERM too, so the group has its leader to the end.
 */
const GUARD = `exec 3<&0
trap : TERM
"$0" "$@" </dev/null 3<&- &
child=$!
{ cat <&3 >/dev/null; kill -9 -$$; } &
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || exit $code
done`;

export function launch(component: Component, directory: string, tie: Tie): Launched {
  mkdirSync(dirname(component.log), { recursive: true });
  // What an earlier one wrote must not be taken for this one's.
  rmSync(component.log, { force: true });
  const output = openSync(component.output, 'w', 0o600);
  const attached = tie === 'attached';
  const [command, argumentList] = attached
    ? ['sh', ['-c', GUARD, component.command, ...component.argumentList]]
    : [component.command, component.argumentList];
  const child = spawn(command, argumentList, {
    // A group of its own: Ctrl-C in the terminal is this process' affair, and executors are found by the group.
    detached: true,
    cwd: directory,
    env: { ...component.environment },
    stdio: [attached ? 'pipe' : 'ignore', output, output],
  });
  closeSync(output);
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  if (!attached) child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw failure(component, 'did not start');
  return { component, identity, child };
}

/** @throws CommandError with the reason out of its log, or interrupted */
export async function untilReady(launched: Launched, signal: AbortSignal): Promise<void> {
  const { child, component } = launched;
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (!signal.aborted) {
    // Asked before the log is read: what it wrote last is not missed.
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (component.ready.test(written(component))) return;
    if (ended) throw failure(component, `ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`);
    if (performance.now() > giveUpAt) throw failure(component, `was not ready after ${READY_TIMEOUT_MS / 1000} s`);
    await pause(LOOK_EVERY_MS, signal);
  }
  throw new CommandError('interrupted', { exitCode: EXIT_CODE.interrupted });
}

/** Both files, the log last. */
function written({ log, output }: Component): string {
  return [output, log].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

const LINES_SHOWN = 5;

function failure(component: Component, what: string): CommandError {
  const text = written(component);
  const reason = reasonFromLog(text);
  return new CommandError(`Spark's ${component.name} ${what}${reason === undefined ? '' : `: ${reason}`}`, {
    where: [...(reason === undefined ? lastLines(text, LINES_SHOWN) : []), `log: ${component.log}`],
  });
}
