/**
 * Durations as typed on the command line: `500ms`, `30s`, `10m`, `1h`. The contract's schema reads the same ones; it is
 * not used here because loading zod costs more than the rest of a short command's start.
 */
import { InvalidArgumentError } from 'commander';
import { MEMORY_MEBIBYTES_MIN } from '../spark/cluster-options.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };
/** Node's timers hold no more than 2^31 - 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** @throws InvalidArgumentError, which commander shows with the option's name */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (match?.[1] === undefined || unit === undefined) {
    throw new InvalidArgumentError('Write a number and its unit, such as 500ms, 30s, 10m or 1h.');
  }
  const milliseconds = Number(match[1]) * unit;
  if (milliseconds > LONGEST_MS) throw new InvalidArgumentError('The longest is 24d.');
  return milliseconds;
}

/** @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('Write a whole number from 1 on.');
  }
  return count;
}

/** @throws InvalidArgumentError */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new InvalidArgumentError('Write a port from 1 to 65535, or 0 for any that is free.');
  }
  return port;
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A size of files, bytes. @throws InvalidArgumentError */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(MB|GB|TB|MiB|GiB|TiB)$/.exec(text);
  const bytes = Math.floor(Number(match?.[1]) * (UNIT_BYTES[match?.[2] ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1024 ** 2) {
    throw new InvalidArgumentError('Write a number and its unit, such as 512MiB or 10GiB; the least is 1MiB.');
  }
  return bytes;
}

/** Collects `key=value` of a repeated option. @throws InvalidArgumentError */
export function parseProperty(
  text: string,
  earlier: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError('Write key=value.');
  return { ...earlier, [text.slice(0, split)]: text.slice(split + 1) };
}

/** @returns a parser of whole numbers from 1 to `most` */
export function atMost(most: number): (text: string) => number {
  return (text) => {
    const count = parseCount(text);
    if (count > most) throw new InvalidArgumentError(`The most is ${most}.`);
    return count;
  };
}

const SPARK_UNITS: Readonly<Record<string, number>> = { m: 1, MiB: 1, g: 1024, GiB: 1024 };

/** Memory of a Java process, mebibytes; as Spark writes it too, 512m or 2g. @throws InvalidArgumentError */
export function parseMemory(text: string): number {
  const match = /^(\d+)(m|g|MiB|GiB)$/.exec(text);
  const mebibytes = Number(match?.[1]) * (SPARK_UNITS[match?.[2] ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(mebibytes) || mebibytes < MEMORY_MEBIBYTES_MIN) {
    throw new InvalidArgumentError(
      `Write a number and its unit, such as 512MiB or 2GiB; the least is ${MEMORY_MEBIBYTES_MIN}MiB.`,
    );
  }
  return mebibytes;
}
