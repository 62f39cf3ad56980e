/**
 * All of Spark comes with the Python package pyspark. It is installed once, into an environment of its own: in a checkout
 * the one that the other suites use (conformance/spark-sql/environment.mjs makes the same), else in the cluster's directory.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from '../command-error.js';
import { byteSize } from '../text/byte-size.js';
import { packageHint } from './package-hints.js';
import { lastLines, runCommand } from './run-command.js';
import type { Step } from './step.js';

export const REQUIREMENT = 'pyspark==4.3.*';
/** Archive, wheel and installed package lie side by side for a while. */
const DISK_BYTES = 1.6e9;
/** What pip says that shows how far it is. */
const PIP_STAGE = /^\s*(Collecting|Downloading|Using cached|Building|Installing|Preparing|Getting)\b/;

/** @returns the folder that Spark calls SPARK_HOME @throws CommandError that says what is missing */
export async function ensureSpark(environment: string, step: Step): Promise<string> {
  const marker = join(environment, 'installed');
  if (!existsSync(marker)) await install(environment, marker, step);
  const home = sparkHomeOf(environment);
  if (home !== undefined) return home;
  throw new CommandError('the Python environment has no Spark in it', {
    where: [environment],
    hint: `delete it: rm -r ${environment}`,
  });
}

export function pythonOf(environment: string): string {
  return join(environment, 'bin/python');
}

export function sparkHomeOf(environment: string): string | undefined {
  const library = join(environment, 'lib');
  if (!existsSync(library)) return undefined;
  return readdirSync(library)
    .map((version) => join(library, version, 'site-packages/pyspark'))
    .find((home) => existsSync(join(home, 'bin/spark-class')));
}

/** The marker is written last, so that an environment which was cut short is made again. */
async function install(environment: string, marker: string, step: Step): Promise<void> {
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(dirname(environment), { recursive: true });
  requireDisk(dirname(environment));
  await makeEnvironment(environment, step);
  const task = step.begin(`installing ${REQUIREMENT} from PyPI, once, about 500 MB`);
  const argumentList = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
  const { code, output } = await runCommand(pythonOf(environment), [...argumentList, REQUIREMENT], {
    signal: step.signal,
    onLine: (line) => {
      if (PIP_STAGE.test(line)) task.note(line.trim());
    },
  });
  task.end();
  step.throwIfInterrupted();
  if (code !== 0) {
    throw new CommandError(`pip could not install ${REQUIREMENT}`, {
      where: lastLines(output, 4),
      hint: 'the same again when PyPI can be reached; pip takes a mirror from PIP_INDEX_URL',
    });
  }
  writeFileSync(marker, `${REQUIREMENT}\n`);
}

async function makeEnvironment(environment: string, step: Step): Promise<void> {
  const { code, missing, output } = await runCommand('python3', ['-m', 'venv', environment], { signal: step.signal });
  step.throwIfInterrupted();
  if (code === 0) return;
  if (missing) throw new CommandError('Python 3 is missing: Spark is installed by it', { hint: packageHint('python') });
  throw new CommandError('Python could not make an environment (python3 -m venv)', {
    where: lastLines(output, 3),
    hint: packageHint('venv'),
  });
}

function requireDisk(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= DISK_BYTES) return;
  throw new CommandError(`Spark needs ${byteSize(DISK_BYTES)} of disk; ${directory} has ${byteSize(free)} free`, {
    hint: '--directory <directory> on another disk',
  });
}
