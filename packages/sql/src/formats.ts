/** Constants with a grammar of their own: format letters, units of date_trunc, JSON paths. Each gives what is wrong. */

export type ConstantProblem = readonly [message: string, hint: string];

const FORMAT_HINT = `letters: yyyy MM M dd d HH H mm m ss s, S to SSSSSS, text in ' quotes: yyyy-MM-dd HH:mm:ss.SSS`;
const FORMAT_RUNS = /^(?:yyyy|MM?|dd?|HH?|mm?|ss?|S{1,6})$/;

/** The subset of Spark's datetime patterns that both planes write and read alike. */
export function checkFormat(format: string): ConstantProblem | undefined {
  const parts = format.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']|'/g) ?? [];
  for (const part of parts) {
    if (part === "'") return ['a quoted text in the format is not closed', FORMAT_HINT];
    if (/^[A-Za-z]/.test(part) && !FORMAT_RUNS.test(part)) return [`${part} is no part of a format`, FORMAT_HINT];
    if (/[#{}[\]]/.test(part) && !part.startsWith("'")) return [`${part} stands in ' quotes in a format`, FORMAT_HINT];
  }
  return parts.length === 0 ? ['the format is empty', FORMAT_HINT] : undefined;
}

const UNITS: Readonly<Record<string, string>> = {
  YEAR: 'YEAR',
  YYYY: 'YEAR',
  YY: 'YEAR',
  QUARTER: 'QUARTER',
  MONTH: 'MONTH',
  MON: 'MONTH',
  MM: 'MONTH',
  WEEK: 'WEEK',
  DAY: 'DAY',
  DD: 'DAY',
  HOUR: 'HOUR',
  MINUTE: 'MINUTE',
  SECOND: 'SECOND',
  MILLISECOND: 'MILLISECOND',
  MICROSECOND: 'MICROSECOND',
};

/** The canonical unit of date_trunc. */
export function truncationUnit(text: string): string | undefined {
  const wanted = text.toUpperCase();
  return Object.hasOwn(UNITS, wanted) ? UNITS[wanted] : undefined;
}

export const UNIT_NAMES: readonly string[] = [...new Set(Object.values(UNITS))];

/** `$`, `$.a`, `$['a b']`, `$.a[0].b`. */
export function checkJsonPath(path: string): ConstantProblem | undefined {
  if (/^\$(?:\.[^.[\]*]+|\['[^']*'\]|\[\d{1,9}\])*$/.test(path)) return undefined;
  const hint = /^[^$]/.test(path)
    ? `a path begins with $: '$.${path.slice(0, 60)}'`
    : `paths: '$.a.b', '$.list[0]', '$[\\'a b\\']'`;
  return [`${path.slice(0, 80)} is no path`, path.includes('*') ? 'a path names one value: no * in it' : hint];
}

export function checkBits(bits: number): ConstantProblem | undefined {
  return [0, 224, 256, 384, 512].includes(bits)
    ? undefined
    : [`there is no SHA-2 with ${bits} bits`, '224, 256, 384 or 512'];
}
