/** A control API that answers from a table, and remembers what it was asked. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export interface Answer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface FakeControlApi {
  readonly server: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** `answers` by "METHOD /path?query"; whatever is not there is answered with 404. */
export async function startFakeControlApi(
  answers: Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>,
): Promise<FakeControlApi> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request);
    const question: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: text === '' ? undefined : JSON.parse(text),
    };
    asked.push(question);
    const known = answers[`${question.method} ${question.path}`];
    const answer = typeof known === 'function' ? known(question) : (known ?? problem(404, 'not-found', 'not there'));
    const type = (answer.status ?? 200) < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers });
    response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function problem(
  status: number,
  slug: string,
  detail: string,
  errors: readonly Readonly<Record<string, unknown>>[] = [],
): Answer {
  return { status, body: { type: `https://millrace.dev/errors/${slug}`, title: slug, status, detail, errors } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
