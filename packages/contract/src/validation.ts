/** Any value → a checked document, or a list of what is wrong with it: each fault with its place and what is right. */
import { z } from 'zod';
import { API_VERSION } from './documents.js';
import { type DesiredDocument, DOCUMENT_SCHEMAS, KINDS, type Kind } from './envelope.js';
import { type ProblemDetail, pointerOf } from './problem.js';
import { closest } from './suggestion.js';
import { SECRET_KEYS } from './users.js';

/** Nested deeper than any document of ours; keeps recursion over foreign values bounded. */
const DEPTH_MAX = 64;
const DETAILS_MAX = 100;
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly details: readonly ProblemDetail[] };

export function checkDocument(value: unknown): Checked<DesiredDocument> {
  const unsafe = unsafeParts(value);
  if (unsafe !== undefined) return { ok: false, details: [unsafe] };
  if (!isRecord(value)) return { ok: false, details: [notAnObject(value)] };
  const kind = value.kind;
  const schema = typeof kind === 'string' && isKind(kind) ? DOCUMENT_SCHEMAS[kind] : undefined;
  if (schema === undefined) return { ok: false, details: [unknownKind(kind)] };
  const checked = checkValue<z.infer<typeof schema>>(schema, value);
  if (!checked.ok) return checked;
  const { metadata, spec } = checked.value;
  const desired = {
    apiVersion: API_VERSION,
    kind: checked.value.kind,
    metadata: { name: metadata.name, labels: metadata.labels },
    spec,
  };
  return { ok: true, value: desired as DesiredDocument };
}

export function isKind(word: string): word is Kind {
  return (KINDS as readonly string[]).includes(word);
}

/** Checks against any schema, with this module's details instead of zod's issues. */
export function checkValue<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const unsafe = unsafeParts(value);
  if (unsafe !== undefined) return { ok: false, details: [unsafe] };
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  const details = result.error.issues.flatMap((issue) => detailsOf(issue, schema, value));
  return { ok: false, details: details.slice(0, DETAILS_MAX) };
}

function detailsOf(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): ProblemDetail[] {
  const pointer = pointerOf(issue.path);
  const found = valueAt(root, issue.path);
  const text = issue.path.some((step) => SECRET_KEYS.has(String(step))) ? 'not right' : shown(found);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(issue.path, key, keysAt(schema, issue.path, root)));
    case 'invalid_value':
      return [{ ...badValue(pointer, found, issue.values.map(String)) }];
    case 'invalid_type':
      if (found === undefined) {
        return [
          {
            pointer,
            code: 'required',
            detail: `${nameOf(issue.path)} is missing: ${article(issue.expected)} is needed`,
          },
        ];
      }
      return [
        {
          pointer,
          code: 'type',
          detail: `${nameOf(issue.path)} is ${typeName(found)}, where ${article(issue.expected)} is right`,
        },
      ];
    case 'invalid_union':
      if (issue.discriminator !== undefined) return [badValue(pointer, found, optionsAt(schema, issue.path, root))];
      return [{ pointer, code: 'format', detail: `${nameOf(issue.path)} is ${text}; right is ${issue.message}` }];
    case 'invalid_format':
      return [{ pointer, code: 'format', detail: `${nameOf(issue.path)} is ${text}; right is ${issue.message}` }];
    case 'too_small':
      return [{ pointer, code: 'range', detail: `${nameOf(issue.path)} is ${text}; the least is ${issue.minimum}` }];
    case 'too_big':
      return [{ pointer, code: 'range', detail: `${nameOf(issue.path)} is ${text}; the most is ${issue.maximum}` }];
    default:
      return [{ pointer, code: codeOf(issue), detail: issue.message }];
  }
}

function codeOf(issue: z.core.$ZodIssue): string {
  const params = 'params' in issue ? (issue.params as Record<string, unknown> | undefined) : undefined;
  const code = params?.code;
  return typeof code === 'string' ? code : 'value';
}

function unknownKey(path: readonly PropertyKey[], key: string, allowed: readonly string[]): ProblemDetail {
  const meant = closest(key, allowed);
  const hint = meant === undefined ? `known are ${allowed.join(', ')}` : `did you mean ${meant}?`;
  return {
    pointer: pointerOf([...path, key]),
    code: 'unknown-key',
    detail: `${shown(key)} is not known here; ${hint}`,
    allowed,
  };
}

function badValue(pointer: string, found: unknown, allowed: readonly string[]): ProblemDetail {
  const name = pointer.slice(pointer.lastIndexOf('/') + 1);
  if (found === undefined) {
    return { pointer, code: 'required', detail: `${name} is missing: ${allowed.join(', ')} is needed`, allowed };
  }
  const meant = typeof found === 'string' ? closest(found, allowed) : undefined;
  const hint = meant !== undefined && allowed.length > 1 ? `; did you mean ${meant}?` : '';
  const list = allowed.length === 1 ? `right is ${allowed[0]}` : `right is one of ${allowed.join(', ')}`;
  return { pointer, code: 'value', detail: `${name} is ${shown(found)}; ${list}${hint}`, allowed };
}

function unknownKind(kind: unknown): ProblemDetail {
  return badValue('/kind', kind, KINDS);
}

function notAnObject(value: unknown): ProblemDetail {
  return {
    pointer: '',
    code: 'type',
    detail: `a document is an object with apiVersion, kind, metadata and spec; this is ${typeName(value)}`,
  };
}

/** The keys that an object at this path may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[], root: unknown): readonly string[] {
  const found = schemaAt(schema, path, root);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** The words that choose among the forms of what is around this path. */
function optionsAt(schema: z.ZodType, path: readonly PropertyKey[], root: unknown): readonly string[] {
  const union = schemaAt(schema, path.slice(0, -1), root, 'forms');
  if (!(union instanceof z.ZodDiscriminatedUnion)) return [];
  return [...(union._zod.propValues[String(path.at(-1))] ?? [])].map(String);
}

/** Follows the schema through its wrappers; where the value's own words choose the form, by the value. */
function schemaAt(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  root: unknown,
  unions: 'forms' | 'chosen' = 'chosen',
): z.ZodType | undefined {
  let current = unwrap(schema);
  for (let index = 0; ; index += 1) {
    const last = index === path.length;
    if (current instanceof z.ZodDiscriminatedUnion && !(last && unions === 'forms')) {
      current = chosen(current, valueAt(root, path.slice(0, index)));
    }
    if (last) return current;
    if (current instanceof z.ZodObject) current = unwrap(current.shape[String(path[index])] as z.ZodType | undefined);
    else if (current instanceof z.ZodArray) current = unwrap(current.element as z.ZodType);
    else return undefined;
  }
}

function chosen(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodType | undefined {
  const { discriminator } = union._zod.def;
  const word = isRecord(value) ? value[discriminator] : undefined;
  const forms = union.options as readonly z.ZodType[];
  return forms.find((form) => form._zod.propValues?.[discriminator]?.has(word as string) === true);
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let current: unknown = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodNullable
  ) {
    current = current.unwrap();
  }
  return current as z.ZodType | undefined;
}

/** Keys that would reach an object's prototype, and nesting without end, are refused before anything walks the value. */
function unsafeParts(root: unknown): ProblemDetail | undefined {
  const stack: { value: unknown; path: PropertyKey[] }[] = [{ value: root, path: [] }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (path.length > DEPTH_MAX) {
      return { pointer: pointerOf(path.slice(0, 8)), code: 'depth', detail: `nested deeper than ${DEPTH_MAX} levels` };
    }
    for (const key of Object.keys(value)) {
      if (UNSAFE_KEYS.has(key)) {
        return { pointer: pointerOf([...path, key]), code: 'unsafe-key', detail: `the key ${key} is never allowed` };
      }
      stack.push({ value: (value as Record<string, unknown>)[key], path: [...path, key] });
    }
  }
  return undefined;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(path: readonly PropertyKey[]): string {
  const last = path.at(-1);
  if (last === undefined) return 'the document';
  return typeof last === 'number' ? `item ${last}` : String(last);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value === undefined ? 'nothing' : article(typeof value);
}

function article(noun: string): string {
  const word = noun === 'int' ? 'whole number' : noun === 'record' ? 'object' : noun;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

/** The value as it stood in the document, cut to a line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, part: unknown) => (SECRET_KEYS.has(key) ? '…' : part)) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
