/** Problems as responses. */

import { PROBLEM_MEDIA_TYPE, type Problem, ProblemError, type ProblemSlug, problemOf } from '@millrace/contract';
import { challengesFor } from './authentication.js';

export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': PROBLEM_MEDIA_TYPE, ...headers },
  });
}

export function refuse(slug: ProblemSlug, detail: string): Response {
  return problemResponse(problemOf(slug, detail));
}

/** What was thrown, as an answer. Faults of the server are told to its log, not to the client. */
export function answerToError(
  error: unknown,
  onError: ((error: unknown) => void) | undefined,
  request?: Request,
): Response {
  if (error instanceof ProblemError) {
    const asks = error.problem.status === 401 && request !== undefined;
    return problemResponse(error.problem, asks ? { 'www-authenticate': challengesFor(request) } : {});
  }
  onError?.(error);
  return refuse('internal', 'the server failed at this request; its log says why');
}
