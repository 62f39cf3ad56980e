/** One `up` or `down` at a time in a directory. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import { identify, type ProcessIdentity, sameProcess } from './process-table.js';

/**
 * @param doing what the holder does, for whoever comes second
 * @returns lets go of it
 * @throws CommandError conflict, while another process that runs holds it
 */
export function takeLock(file: string, doing: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const own = identify(process.pid);
  const text = JSON.stringify({ ...own, doing });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    const running = holder === undefined ? undefined : identify(holder.pid);
    if (holder !== undefined && running !== undefined && sameProcess(holder, running)) {
      throw new CommandError(`process ${holder.pid} is ${holder.doing} there already`, {
        exitCode: EXIT_CODE.conflict,
        where: [dirname(file)],
      });
    }
    // Whoever held it was killed.
    rmSync(file, { force: true });
  }
  throw new CommandError(`${file} cannot be taken: others take it as well`, { exitCode: EXIT_CODE.conflict });
}

function readHolder(file: string): (ProcessIdentity & { readonly doing: string }) | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
