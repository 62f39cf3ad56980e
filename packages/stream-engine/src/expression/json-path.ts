/**
 * get_json_object: `$`, `.name`, `['name']`, `[0]` and `[*]`. Scalars come as their text, objects and arrays as compact JSON.
 */
import { JSON_WILDCARD, JsonScanner, type JsonStep, JsonSyntaxError } from '../text/json-scanner.js';

const STEP = /\.([^.[\]*]+)|\['([^']*)'\]|\[(\d+)\]|(\[\*\]|\.\*)/y;

/** @returns undefined for a path that is none; Spark gives NULL then */
export function parseJsonPath(path: string): readonly JsonStep[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: JsonStep[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (match === null) return undefined;
    if (match[4] !== undefined) steps.push(JSON_WILDCARD);
    else if (match[3] !== undefined) steps.push(Number(match[3]));
    else steps.push(match[1] ?? match[2] ?? '');
  }
  return steps;
}

/** One match is given as it is, several (of a wildcard) as an array. */
export function getJsonObject(json: string, path: readonly JsonStep[]): string | null {
  try {
    const found = new JsonScanner(json).find(path);
    if (found.length > 1) return `[${found.map((match) => match.json).join(',')}]`;
    return found[0]?.text ?? null;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
