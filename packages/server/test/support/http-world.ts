import type { Problem } from '@millrace/contract';
import type { ControllerOptions } from '@millrace/controller';
import { OPEN_AUTHORIZER } from '@millrace/security';
import type { Hono } from 'hono';
import { createWorld } from '../../../controller/test/support/world.js';
import { createHttpApp } from '../../src/http/app.js';
import type { HttpDependencies } from '../../src/http/dependencies.js';

/** The whole of HTTP on fake planes, without a socket. */
export async function createHttpWorld(
  options: Partial<HttpDependencies> = {},
  controllerOptions: Partial<ControllerOptions> = {},
) {
  const world = await createWorld(controllerOptions);
  const errors: unknown[] = [];
  const dependencies: HttpDependencies = {
    controller: world.controller,
    authorizer: OPEN_AUTHORIZER,
    version: '1.2.3',
    startedAt: new Date('2026-01-01T00:00:00Z'),
    endpoints: () => world.messaging.endpoints(),
    onError: (error) => errors.push(error),
    ...options,
  };
  const app = createHttpApp(dependencies);
  return { ...world, app, errors, dependencies, call: caller(app) };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  readonly body: any;
}

export interface Sent {
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function caller(app: Hono) {
  return async (method: string, path: string, { body, headers = {} }: Sent = {}): Promise<Answer> => {
    const all = body === undefined ? headers : { 'content-type': 'application/json', ...headers };
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const init = text === undefined ? { method, headers: all } : { method, headers: all, body: text as string };
    const response = await app.request(`http://127.0.0.1:8080${path}`, init);
    const answer = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && answer !== '' ? JSON.parse(answer) : answer,
    };
  };
}

/** Status, slug and first detail of a problem, after looking at its shape. */
export function problemIn(answer: Answer): {
  readonly status: number;
  readonly slug: string;
  readonly problem: Problem;
} {
  const problem = answer.body as Problem;
  if (answer.headers.get('content-type') !== 'application/problem+json')
    throw new Error(`no problem: ${JSON.stringify(answer)}`);
  if (problem.status !== answer.status || problem.title === '' || problem.detail === '')
    throw new Error(JSON.stringify(problem));
  return { status: answer.status, slug: problem.type.replace('https://millrace.dev/errors/', ''), problem };
}
