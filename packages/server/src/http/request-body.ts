/** Reading bodies: the media type first, then strict UTF-8, then JSON. How long a body may be is seen to before. */
import { checkValue, ProblemError, problemError, problemOf } from '@millrace/contract';
import type { z } from 'zod';

/** Lower case, without parameters; '' when there is none. */
export function mediaTypeOf(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}

/** @throws ProblemError */
export function requireMediaType(request: Request, allowed: readonly string[]): string {
  const mediaType = mediaTypeOf(request);
  if (allowed.includes(mediaType)) return mediaType;
  const found = mediaType === '' ? 'missing' : mediaType;
  throw problemError('unsupported-media-type', `content-type is ${found}; right is ${allowed.join(' or ')}`);
}

/** @throws ProblemError */
export async function readJson(request: Request, allowed: readonly string[] = ['application/json']): Promise<unknown> {
  requireMediaType(request, allowed);
  const text = await readText(request);
  if (text.trim() === '') throw problemError('malformed-body', 'the body is empty, where JSON is needed');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw problemError('malformed-body', `the body is not JSON: ${(error as Error).message}`);
  }
}

/** @throws ProblemError */
export async function readText(request: Request): Promise<string> {
  const bytes = await request.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problemError('malformed-body', 'the body is not UTF-8');
  }
}

/** What was read, as the schema has it. @throws ProblemError invalid-document */
export function checkedBody<T>(schema: z.ZodType<T>, value: unknown): T {
  const checked = checkValue<T>(schema, value);
  if (checked.ok) return checked.value;
  const first = checked.details[0];
  const detail = first === undefined ? 'the body is not valid' : `${first.pointer} ${first.detail}`.trim();
  throw new ProblemError(problemOf('invalid-document', detail, checked.details));
}
