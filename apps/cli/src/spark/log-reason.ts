/** Why a process of Spark ended, out of what it wrote. Its own words are many lines of Java; the user needs one. */

interface Pattern {
  readonly found: RegExp;
  readonly reason: (match: RegExpMatchArray) => string;
}

/** The first that is found counts: causes before what follows from them. */
const PATTERNS: readonly Pattern[] = [
  {
    found: /Could not reserve enough space for .*heap|Cannot allocate memory|pthread_create failed/,
    reason: () => 'the machine has too little memory for it',
  },
  { found: /java\.lang\.OutOfMemoryError: ?(.*)/, reason: ([, what]) => `it ran out of memory: ${what || 'heap'}` },
  {
    found: /UnsupportedClassVersionError|Unrecognized VM option|Unsupported class file major version/,
    reason: () => 'this Java is too old for Spark: it needs version 17',
  },
  {
    found: /System memory (\d+) must be at least (\d+)/,
    reason: ([, has, needs]) => `its heap is ${mebibytes(has)}, and Spark needs ${mebibytes(needs)}`,
  },
  {
    found: /Failed to bind to address \/?([\d.]+:\d+)|BindException.*?Address already in use(?:.*?'(\w+)')?/,
    reason: ([, address, service]) =>
      address === undefined ? `a port${service ? ` of ${service}` : ''} is in use` : `${address} is in use`,
  },
  { found: /No space left on device/, reason: () => 'the disk is full' },
  { found: /All masters are unresponsive/, reason: () => 'the master did not answer' },
  { found: /JAVA_HOME is not set|java: (?:command )?not found/, reason: () => 'there is no Java' },
];

/** @returns one sentence without its full stop, or undefined when nothing in it looks like a reason */
export function reasonFromLog(text: string): string | undefined {
  const lines = text.split('\n');
  // The last service that could not be started is named a line before the exception.
  for (const { found, reason } of PATTERNS) {
    const match = lines.map((line) => found.exec(line)).find((candidate) => candidate !== null);
    if (match) return reason(match);
  }
  return exceptionIn(lines) ?? errorIn(lines);
}

/** The deepest cause of the last exception. */
function exceptionIn(lines: readonly string[]): string | undefined {
  const exceptions = lines.flatMap((line) => {
    const match = /^(?:Exception in thread "[^"]*" |Caused by: )([\w.$]+(?:Exception|Error)\b.*)$/.exec(line.trim());
    return match?.[1] === undefined ? [] : [match[1]];
  });
  return exceptions.at(-1);
}

/** A line of the log at level ERROR, or what a Java machine says that did not start. */
function errorIn(lines: readonly string[]): string | undefined {
  const errors = lines.flatMap((line) => {
    const match = /\b(?:ERROR|FATAL) [\w.$]+: (.+)$/.exec(line) ?? /^(?:Error|error): (.+)$/.exec(line.trim());
    return match?.[1] === undefined ? [] : [match[1]];
  });
  return errors.find((error) => !error.startsWith('RECEIVED SIGNAL'));
}

function mebibytes(bytes: string | undefined): string {
  return `${Math.round(Number(bytes) / 1024 ** 2)} MiB`;
}
