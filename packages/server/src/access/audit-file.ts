/** The audit log as a file of JSON lines that only grows; who rotates it moves it away, and a new one is begun. */
import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import type { AuditSink } from '@millrace/security';

/** How often the file is looked for at its place. */
const LOOK_MS = 5_000;

export interface AuditFile {
  readonly sink: AuditSink;
  close(): void;
}

/**
 * Lines are written at once: what was answered is in the log, also when the process dies. The log's own bound on records
 * keeps that to a few milliseconds a second.
 *
 * @param onFault told once of a file that cannot be written, until it can be again
 * @throws the system's error when it cannot be opened
 */
export function openAuditFile(path: string, onFault: (error: unknown) => void, now: () => number): AuditFile {
  let file = open(path);
  let lookedAt = now();
  let failed = false;
  return {
    sink: (line) => {
      try {
        if (now() - lookedAt >= LOOK_MS) {
          lookedAt = now();
          if (isElsewhere(path, file)) {
            const before = file;
            file = open(path);
            closeSync(before);
          }
        }
        writeSync(file, `${line}\n`);
        failed = false;
      } catch (error) {
        if (!failed) onFault(error);
        failed = true;
      }
    },
    close: () => closeSync(file),
  };
}

function open(path: string): number {
  return openSync(path, 'a', 0o600);
}

function isElsewhere(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there === undefined || there.ino !== fstatSync(file).ino;
}
