/**
 * A file system of 64 MB for a test: ext4 in a file, mounted over a loop device. Where that is not permitted a tmpfs, and
 * where no mounting is, none: `kind` says what it is and `why` what was not possible.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE_MB = 64;

export interface SmallDisk {
  readonly kind: 'ext4' | 'tmpfs' | 'none';
  readonly why: string;
  readonly directory: string;
  /** Bytes that a program can still write there. */
  free(): number;
  remove(): void;
}

function attempt(command: string, ...args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) return `${command}: ${error.message}`;
  return status === 0 ? undefined : `${command}: ${stderr.trim().split('\n')[0]}`;
}

export function makeSmallDisk(): SmallDisk {
  const base = mkdtempSync(join(tmpdir(), 'millrace-small-disk-'));
  const directory = join(base, 'disk');
  mkdirSync(directory);
  const image = join(base, 'image');
  const disk = (kind: SmallDisk['kind'], why: string): SmallDisk => ({
    kind,
    why,
    directory,
    free: () => {
      const { bavail, bsize } = statfsSync(directory);
      return bavail * bsize;
    },
    remove: () => {
      if (kind !== 'none') attempt('umount', directory);
      rmSync(base, { recursive: true, force: true });
    },
  });
  // 1 % for root: the server of this test may be root, and the rest is then what df says.
  const ext4 =
    attempt('truncate', '-s', `${SIZE_MB}M`, image) ??
    attempt('mkfs.ext4', '-q', '-m', '0', image) ??
    attempt('mount', '-o', 'loop', image, directory);
  if (ext4 === undefined) return disk('ext4', '');
  const tmpfs = attempt('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', directory);
  return tmpfs === undefined ? disk('tmpfs', ext4) : disk('none', `${ext4}; ${tmpfs}`);
}
