import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Spark from the pyspark package, in a virtual environment under .cache, made once (about 500 MB). It needs Python 3 with
 * venv; running it needs a Java 17 runtime.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const environment = join(root, '.cache/spark-sql-venv');
const REQUIREMENT = 'pyspark==4.3.*';

/** The environment's Python. */
export const python = join(environment, 'bin/python');

function lastLines(text, count) {
  return text.trim().split('\n').slice(-count).join(' ');
}

function makeEnvironment() {
  const { status, stderr, error } = spawnSync('python3', ['-m', 'venv', environment], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`python3 -m venv failed: ${lastLines(stderr ?? error?.message ?? '', 3)}`);
}

/** The marker is written last, so an environment that was cut short is made again. */
export async function installSpark(say) {
  const marker = join(environment, 'installed');
  if (existsSync(marker)) return;
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(dirname(environment), { recursive: true });
  makeEnvironment();
  const began = Date.now();
  say(`installing ${REQUIREMENT} into .cache (once, about 500 MB)`);
  const pip = spawn(
    python,
    ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', REQUIREMENT],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  pip.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-2000);
  });
  const progress = setInterval(() => say(`installing, ${Math.round((Date.now() - began) / 1000)} s`), 15_000);
  const code = await new Promise((resolve) => pip.on('close', resolve));
  clearInterval(progress);
  if (code !== 0) throw new Error(`pip install failed: ${lastLines(errors, 2)}`);
  writeFileSync(marker, `${REQUIREMENT}\n`);
}

/** The folder that Spark calls SPARK_HOME. */
export function sparkHome() {
  const library = join(environment, 'lib');
  const [version] = readdirSync(library).filter((name) => name.startsWith('python3'));
  return join(library, version, 'site-packages/pyspark');
}
