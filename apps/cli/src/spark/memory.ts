/** Whether the machine has the memory that a cluster takes. */
import { freemem } from 'node:os';
import { CommandError } from '../command-error.js';
import type { ClusterSize } from './cluster-options.js';

const MEBIBYTE = 1024 ** 2;
/** Resident, measured with Spark 4.3: master and worker 240, the Connect server 320 when fresh, up to 900 at work. */
const MASTER = 240;
const WORKER = 240;
const CONNECT_FRESH = 320;
const CONNECT_AT_WORK = 900;
/** An executor begins with so much, and may grow to its heap and this. */
const EXECUTOR = 290;

export interface MemoryNeed {
  /** Without this it does not start. */
  readonly least: number;
  readonly atWork: number;
}

/** Bytes. */
export function memoryNeed(size: ClusterSize): MemoryNeed {
  const least = MASTER + CONNECT_FRESH + size.workers * (WORKER + EXECUTOR);
  const atWork = MASTER + CONNECT_AT_WORK + size.workers * (WORKER + EXECUTOR + size.memoryMebibytes);
  return { least: least * MEBIBYTE, atWork: atWork * MEBIBYTE };
}

/**
 * @returns a warning, or undefined when there is enough
 * @throws CommandError when it could not even start
 */
export function checkMemory(size: ClusterSize, availableBytes: number = availableMemory()): string | undefined {
  const need = memoryNeed(size);
  const available = gibibytes(availableBytes);
  if (availableBytes < need.least) {
    throw new CommandError(`${available} of memory are free, and this cluster needs ${gibibytes(need.least)}`, {
      hint: size.workers > 1 ? '--workers 1' : 'end other programs first, or use a Spark on another machine',
    });
  }
  if (availableBytes >= need.atWork) return undefined;
  return `${available} of memory are free; a cluster of this size may take ${gibibytes(need.atWork)} when it works.`;
}

/** What can be had without swapping, and no more than a container's limit. */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  const free = freemem();
  return limit > 0 ? Math.min(free, limit) : free;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
