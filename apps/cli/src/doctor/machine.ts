/** This machine: Node.js, limits, ports, the data directory and its disk. Changes nothing. */
import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { byteSize } from '../text/byte-size.js';
import { type Finding, fault, warning, well } from './finding.js';

const NODE_LEAST = [20, 19] as const;
const OPEN_FILES_LEAST = 4096;
const FREE_BYTES_LEAST = 1024 ** 3;
const FREE_PART_LEAST = 0.1;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return well('Node.js', version);
  return fault('Node.js', `${version} is too old`, `install Node.js ${NODE_LEAST.join('.')} or newer`);
}

/** Each connection is an open file. Known on Linux alone. */
export async function checkOpenFiles(file = '/proc/self/limits'): Promise<Finding | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const limit = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  if (limit === undefined) return undefined;
  const files = limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
  if (files >= OPEN_FILES_LEAST) return well('open files', `${limit} at once`);
  return warning(
    'open files',
    `${limit} at once: no more clients than that can connect`,
    'ulimit -n 65536, or LimitNOFILE= in the unit of systemd',
  );
}

/** @param ours ports of the server that was found: it may have them */
export async function checkPort(
  setting: string,
  port: number,
  { host, ours }: { readonly host: string; readonly ours: ReadonlySet<number> },
): Promise<Finding> {
  const check = `port ${port}`;
  if (port === 0) return well(setting, 'any free port');
  const code = await portFault(host, port);
  if (code === undefined) return well(check, 'free');
  if (code === 'EADDRINUSE' && ours.has(port)) return well(check, 'the server listens on it');
  const fix = `set ${setting} to another port, or 0`;
  if (code === 'EADDRINUSE') return warning(check, 'another program listens on it', fix);
  if (code === 'EACCES') return fault(check, 'this user may not listen on it', fix);
  return fault(check, `nobody can listen on it at ${host}: ${code}`, 'set host to an address of this machine');
}

function portFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

export async function checkData(directory: string | undefined): Promise<readonly Finding[]> {
  const check = 'data directory';
  if (directory === undefined) {
    return [warning(check, 'none: what is stored is gone with the process', 'millrace serve --data <directory>')];
  }
  const path = resolve(directory);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error && found.code !== 'ENOENT') {
    return [fault(check, `${path} cannot be looked at: ${found.code}`, `give this user rights to ${path}`)];
  }
  // What is not there yet will be made in the nearest directory that is.
  const place = found instanceof Error ? await nearest(path) : path;
  if (!(found instanceof Error) && !found.isDirectory()) {
    return [fault(check, `${path} is no directory`, 'name a directory, or one that is not there yet')];
  }
  const writable = await access(place, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable) return [fault(check, `${place} cannot be written by this user`, `chown it, or name another one`)];
  return [well(check, found instanceof Error ? `${path} will be made` : path), await checkDisk(place)];
}

async function nearest(path: string): Promise<string> {
  let place = dirname(path);
  while ((await stat(place).catch(() => undefined)) === undefined && dirname(place) !== place) place = dirname(place);
  return place;
}

async function checkDisk(place: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(place);
  const free = bavail * bsize;
  const detail = `${byteSize(free)} free of ${byteSize(blocks * bsize)}`;
  if (free >= FREE_BYTES_LEAST && free / (blocks * bsize) >= FREE_PART_LEAST) return well('disk', detail);
  return warning('disk', detail, 'make room, or name a directory on another disk; data.limit keeps a bound');
}
