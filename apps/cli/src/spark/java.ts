/** The Java that runs Spark. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CommandError } from '../command-error.js';
import { packageHint } from './package-hints.js';

/** Spark 4 needs 17. */
const JAVA_MIN = 17;
const TIMEOUT_MS = 20_000;

/** @returns its major version @throws CommandError that says what to install */
export function checkJava(environment: Readonly<Record<string, string | undefined>>): number {
  const home = environment.JAVA_HOME;
  // As bin/spark-class chooses it.
  const named = home !== undefined && home !== '';
  const command = named ? join(home, 'bin/java') : 'java';
  const where = named ? [`JAVA_HOME is ${home}`] : [];
  const { error, stderr, stdout } = spawnSync(command, ['-version'], {
    encoding: 'utf8',
    env: { ...environment },
    timeout: TIMEOUT_MS,
  });
  if (error !== undefined) {
    const message = named
      ? `there is no Java in JAVA_HOME, which Spark needs`
      : 'Spark needs Java 17, and there is none';
    throw new CommandError(message, { where, hint: packageHint('java'), cause: error });
  }
  const text = `${stderr}${stdout}`;
  const version = javaVersion(text);
  if (version === undefined) {
    const [firstLine = ''] = text.trim().split('\n');
    throw new CommandError(`"${command} -version" does not say which it is`, { where: [...where, firstLine] });
  }
  if (version >= JAVA_MIN) return version;
  throw new CommandError(`Spark needs Java ${JAVA_MIN} or newer; "${command}" is version ${version}`, {
    where,
    hint: `${packageHint('java')}, and JAVA_HOME to name it`,
  });
}

/** `openjdk version "17.0.15"`, `java version "1.8.0_392"`. */
export function javaVersion(text: string): number | undefined {
  const match = /version "(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major === 1 ? minor : major;
}
