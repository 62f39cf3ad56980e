/**
 * get_json_object: `$`, `.name`, `['name']` and `[0]`. Scalars come as their text, objects and arrays as compact JSON.
 */
import { JsonScanner, type JsonStep, JsonSyntaxError } from '../text/json-scanner.js';

const STEP = /\.([^.[\]*]+)|\['([^']*)'\]|\[(\d+)\]/y;

/** @returns undefined for a path that is none; Spark gives NULL then */
export function parseJsonPath(path: string): readonly JsonStep[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: JsonStep[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (match === null) return undefined;
    if (match[3] !== undefined) steps.push(Number(match[3]));
    else steps.push(match[1] ?? match[2] ?? '');
  }
  return steps;
}

export function getJsonObject(json: string, path: readonly JsonStep[]): string | null {
  try {
    return new JsonScanner(json).find(path)?.text ?? null;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
