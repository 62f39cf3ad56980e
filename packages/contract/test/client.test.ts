import { describe, expect, it } from 'vitest';
import { createClient, PROBLEMS, type Problem, ProblemError, type ProblemSlug, problemOf } from '../src/index.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

function clientOn(answer: (seen: Seen) => Response | Promise<Response>, timeoutMs = 5_000) {
  const seen: Seen[] = [];
  const client = createClient({
    server: 'http://127.0.0.1:9/',
    token: 't0',
    timeoutMs,
    fetch: async (request) => {
      const one = { method: request.method, url: request.url, headers: request.headers, body: await request.text() };
      seen.push(one);
      return answer(one);
    },
  });
  return { client, seen };
}

function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
  });
}

async function errorOf(promise: Promise<unknown>): Promise<ProblemError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe('createClient', () => {
  it('puts a document under its name, with its conditions', async () => {
    const { client, seen } = clientOn(
      () =>
        new Response('{"kind":"Address"}', { status: 201, headers: { etag: '"e"', 'millrace-outcome': 'created' } }),
    );
    const document = {
      apiVersion: 'millrace.dev/v1',
      kind: 'Address',
      metadata: { name: 'a/b c' },
      spec: { type: 'queue' },
    } as const;
    const result = await client.apply(document, { dryRun: true, createOnly: true, ifMatch: '"x"' });
    expect(result).toMatchObject({ outcome: 'created', etag: '"e"' });
    expect(seen[0]).toMatchObject({ method: 'PUT', url: 'http://127.0.0.1:9/v1/addresses/a%2Fb%20c?dryRun=true' });
    expect(JSON.parse(seen[0]!.body)).toEqual(document);
    expect(seen[0]!.headers.get('authorization')).toBe('Bearer t0');
    expect(seen[0]!.headers.get('if-none-match')).toBe('*');
    expect(seen[0]!.headers.get('if-match')).toBe('"x"');
  });

  it('reads a listing page by page', async () => {
    const { client, seen } = clientOn(({ url }) =>
      Response.json(url.includes('cursor=c1') ? { items: [3] } : { items: [1, 2], next: 'c1' }),
    );
    expect(await client.jobs.list({ labels: { team: 'a', x: '1,2' } })).toEqual([1, 2, 3]);
    expect(seen.map(({ url }) => new URL(url).searchParams.getAll('labels'))).toEqual([
      ['team=a', 'x=1,2'],
      ['team=a', 'x=1,2'],
    ]);
  });

  it.each([
    ['not-found', 4],
    ['conflict', 5],
    ['would-lose-messages', 5],
    ['precondition-failed', 5],
    ['not-allowed', 6],
    ['foreign-host', 6],
    ['plane-unavailable', 7],
    ['timed-out', 8],
    ['invalid-document', 1],
    ['internal', 1],
  ] as const)('maps %s to exit code %i', async (slug: ProblemSlug, exitCode) => {
    const { client } = clientOn(() => problemResponse(problemOf(slug, 'because')));
    const error = await errorOf(client.status());
    expect([error.slug, error.exitCode, error.message, error.problem.status]).toEqual([
      slug,
      exitCode,
      'because',
      PROBLEMS[slug].status,
    ]);
  });

  it('says that nothing listens', async () => {
    const cause = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    const { client } = clientOn(() => Promise.reject(new TypeError('fetch failed', { cause })));
    const error = await errorOf(client.addresses.get('x'));
    expect([error.exitCode, error.message]).toEqual([7, 'http://127.0.0.1:9 cannot be reached: nothing listens there']);
  });

  it('gives up after its time-out', async () => {
    const client = createClient({
      server: 'http://127.0.0.1:9',
      timeoutMs: 10,
      fetch: (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason))),
    });
    expect((await errorOf(client.status())).exitCode).toBe(8);
  });

  it('is not misled by a server of another kind', async () => {
    const html = clientOn(() => new Response('<html>', { status: 200 }));
    expect((await errorOf(html.client.status())).message).toContain('is it a Millrace server?');
    const proxy = clientOn(() => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    expect(await errorOf(proxy.client.status())).toMatchObject({ exitCode: 7 });
  });

  describe('a backup', () => {
    const streamed = (...chunks: (string | Error)[]): Response =>
      new Response(
        new ReadableStream({
          pull(controller) {
            const chunk = chunks.shift();
            if (chunk === undefined) controller.close();
            else if (chunk instanceof Error) controller.error(chunk);
            else controller.enqueue(Buffer.from(chunk));
          },
        }),
      );
    const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
      let text = '';
      for await (const chunk of chunks) text += Buffer.from(chunk).toString();
      return text;
    };

    it('comes chunk for chunk', async () => {
      const { client, seen } = clientOn(() => streamed('one ', 'two'));
      expect(await textOf(await client.backup())).toBe('one two');
      expect(seen[0]).toMatchObject({ method: 'GET', url: 'http://127.0.0.1:9/v1/backup' });
      expect(seen[0]!.headers.get('authorization')).toBe('Bearer t0');
    });

    it('is refused like anything else', async () => {
      const { client } = clientOn(() => problemResponse(problemOf('conflict', 'no store')));
      expect(await errorOf(client.backup())).toMatchObject({ message: 'no store', exitCode: 5 });
    });

    it('that breaks off, or falls silent, is an error', async () => {
      const broken = clientOn(() => streamed('one ', new Error('terminated')));
      expect((await errorOf(textOf(await broken.client.backup()))).message).toBe(
        'http://127.0.0.1:9 broke off its answer: terminated',
      );
      const silent = createClient({
        server: 'http://127.0.0.1:9',
        timeoutMs: 20,
        fetch: async ({ signal }) =>
          new Response(
            new ReadableStream({
              start: (controller) => signal.addEventListener('abort', () => controller.error(signal.reason)),
            }),
          ),
      });
      expect((await errorOf(textOf(await silent.backup()))).exitCode).toBe(8);
    });

    it('can be left', async () => {
      let cancelled = false;
      const { client } = clientOn(
        () =>
          new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(Buffer.from('x')),
              cancel: () => {
                cancelled = true;
              },
            }),
          ),
      );
      for await (const _ of await client.backup()) break;
      expect(cancelled).toBe(true);
    });
  });
});
