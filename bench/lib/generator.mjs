/** Builds the load generators and runs one of them against one peer: the answer is the JSON line that it prints. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { benchDirectory, hasCommand, run } from './processes.mjs';

const loadDirectory = join(benchDirectory, 'load');

export function buildGenerators() {
  const built = spawnSync('make', ['-s'], { cwd: loadDirectory, encoding: 'utf8' });
  if (built.error?.code === 'ENOENT') throw new Error('make is missing: run scripts/install-peers.mjs');
  if (built.status !== 0) throw new Error(`the load generators do not build:\n${built.stderr}`);
}

/**
 * @param {'mqttgen' | 'amqpgen' | 'jobgen'} generator
 * @param {{ processor?: number }} [options] processor to pin the generator to
 */
export async function generate(generator, args, { processor } = {}) {
  const program = join(loadDirectory, generator);
  const pin = processor !== undefined && hasCommand('taskset');
  const [command, all] = pin ? ['taskset', ['-c', String(processor), program, ...args]] : [program, args];
  const { code, signal, stdout, stderr } = await run(command, all, { timeout: 180_000 });
  if (code !== 0) throw new Error(`${generator} ${args.join(' ')}: ${signal ?? code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
