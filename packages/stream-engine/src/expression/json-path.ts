/**
 * get_json_object: `$`, `.name`, `['name']`, `[0]` and `[*]`. Scalars come as their text, objects and arrays as compact JSON.
 * Numbers inside come back as JavaScript writes them, so 1.0 is 1: text that must keep its digits should be a JSON string.
 */
export type JsonStep = string | number | typeof WILDCARD;
const WILDCARD = Symbol('*');

const STEP = /\.([^.[\]*]+)|\['([^']*)'\]|\[(\d+)\]|(\[\*\]|\.\*)/y;

/** @returns undefined for a path that is none; Spark gives NULL then */
export function parseJsonPath(path: string): readonly JsonStep[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: JsonStep[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (match === null) return undefined;
    if (match[4] !== undefined) steps.push(WILDCARD);
    else if (match[3] !== undefined) steps.push(Number(match[3]));
    else steps.push(match[1] ?? match[2] ?? '');
  }
  return steps;
}

export function getJsonObject(json: string, path: readonly JsonStep[]): string | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  const found = follow(value, path, 0);
  if (found === undefined || found === null) return null;
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function follow(value: unknown, path: readonly JsonStep[], depth: number): unknown {
  const step = path[depth];
  if (step === undefined) return value;
  if (step === WILDCARD) return followAll(value, path, depth);
  if (typeof step === 'number') return Array.isArray(value) ? follow(value[step], path, depth + 1) : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, step) ? follow((value as Record<string, unknown>)[step], path, depth + 1) : undefined;
}

/** One match of a wildcard is given as it is, several as an array. */
function followAll(value: unknown, path: readonly JsonStep[], depth: number): unknown {
  if (!Array.isArray(value)) return undefined;
  const found = value
    .map((item) => follow(item, path, depth + 1))
    .filter((item) => item !== undefined && item !== null);
  return found.length > 1 ? found : found[0];
}
