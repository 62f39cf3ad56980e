/** The AMQP source and sink for Spark: a given file, or in a checkout the one that Maven makes of connectors/spark-amqp. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import { packageHint } from './package-hints.js';
import { lastLines, runCommand } from './run-command.js';
import type { Step } from './step.js';

const NAME = /^spark-amqp-\d.*\.jar$/;

export interface JarRequest {
  /** `--jar`. */
  readonly given: string | undefined;
  readonly checkout: string | undefined;
}

/** @returns its path @throws CommandError that says what is missing */
export async function ensureConnectorJar(request: JarRequest, step: Step): Promise<string> {
  if (request.given !== undefined) return requireJar(request.given);
  if (request.checkout === undefined) {
    throw usageError(
      'the connector for Spark is not known',
      '--jar <file>: it is made by Maven of connectors/spark-amqp',
    );
  }
  const project = join(request.checkout, 'connectors/spark-amqp');
  const built = findJar(project);
  if (built !== undefined && statSync(built).mtimeMs >= newestSource(project)) return built;
  await build(project, step);
  const made = findJar(project);
  if (made !== undefined) return made;
  throw new CommandError('Maven has made no connector', { where: [join(project, 'target')] });
}

function requireJar(file: string): string {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new CommandError(`there is no file ${file}`, { exitCode: EXIT_CODE.notFound });
  }
  return file;
}

export function findJar(project: string): string | undefined {
  const target = join(project, 'target');
  if (!existsSync(target)) return undefined;
  const [newest] = readdirSync(target)
    .filter((name) => NAME.test(name))
    .map((name) => join(target, name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  return newest;
}

/** When what the jar is made of was changed last: the project's description and its main sources. */
function newestSource(project: string): number {
  const main = join(project, 'src/main');
  const files = readdirSync(main, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = [join(project, 'pom.xml'), ...files.map((entry) => join(entry.parentPath, entry.name))];
  return Math.max(...paths.map((path) => statSync(path).mtimeMs));
}

async function build(project: string, step: Step): Promise<void> {
  const task = step.begin('building the connector for Spark with Maven, once');
  const { code, missing, output } = await runCommand('mvn', ['-B', '-q', '-DskipTests', 'package'], {
    cwd: project,
    signal: step.signal,
  });
  task.end();
  step.throwIfInterrupted();
  if (missing) {
    throw new CommandError('Maven is missing: the connector for Spark is built by it', {
      hint: `${packageHint('maven')}, or --jar <file> with one that is built already`,
    });
  }
  if (code === 0) return;
  const errors = output.split('\n').filter((line) => line.includes('ERROR'));
  throw new CommandError('Maven could not build the connector for Spark', {
    where: errors.length > 0 ? errors.slice(0, 6) : lastLines(output, 6),
    hint: `see for yourself: cd ${project} && mvn package`,
  });
}
