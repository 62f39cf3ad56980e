import { createClient } from '@millrace/contract';
import { ANONYMOUS } from '@millrace/security';
import { afterEach, expect, it } from 'vitest';
import type { HttpDependencies } from '../../src/http/dependencies.js';
import { type HttpListener, startHttp } from '../../src/http/start-http.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const open: HttpListener[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

/** Chunks that are counted as they are asked for. */
class FakeBackup implements AsyncIterableIterator<Uint8Array> {
  asked = 0;
  left = false;
  private readonly chunks: number;
  private readonly fault: Error | undefined;

  constructor(chunks: number, fault?: Error) {
    this.chunks = chunks;
    this.fault = fault;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.asked++ < this.chunks) return { done: false, value: Buffer.alloc(64 * 1024, this.asked) };
    if (this.fault !== undefined) throw this.fault;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.left = true;
    return { done: true, value: undefined };
  }
}

async function start(options: Partial<HttpDependencies>) {
  const { app, errors } = await createHttpWorld(options);
  const listener = await startHttp(app, { host: '127.0.0.1', port: 0 });
  open.push(listener);
  const server = `http://127.0.0.1:${listener.port}`;
  return { client: createClient({ server }), errors, server };
}

it('a server without a store says what to do', async () => {
  const { call } = await createHttpWorld();
  expect(problemIn(await call('GET', '/v1/backup'))).toMatchObject({
    status: 409,
    slug: 'conflict',
    problem: { detail: expect.stringContaining('--data DIR') },
  });
});

it('a second backup is refused', async () => {
  const { call } = await createHttpWorld({ backup: () => 'under-way' });
  const { status, problem } = problemIn(await call('GET', '/v1/backup'));
  expect([status, problem.detail]).toEqual([409, expect.stringContaining('another backup is under way')]);
});

it('needs the right to manage everything', async () => {
  const asked: unknown[] = [];
  const authorizer = {
    authorize: (...question: unknown[]) => {
      asked.push(question);
      return false;
    },
  };
  let begun = 0;
  const backup = () => {
    begun++;
    return new FakeBackup(1);
  };
  const { call } = await createHttpWorld({ authorizer, backup });
  expect(problemIn(await call('GET', '/v1/backup'))).toMatchObject({ status: 403, slug: 'not-allowed' });
  expect([asked, begun]).toEqual([[[ANONYMOUS, 'manage', '#']], 0]);
});

it('comes as bytes, and HEAD begins none', async () => {
  let begun = 0;
  const { server } = await start({
    backup: () => {
      begun++;
      return new FakeBackup(5);
    },
  });
  const head = await fetch(`${server}/v1/backup`, { method: 'HEAD' });
  expect([head.status, begun]).toEqual([200, 0]);
  const response = await fetch(`${server}/v1/backup`);
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
  expect((await response.arrayBuffer()).byteLength).toBe(5 * 64 * 1024);
});

it('no more is asked for than the client takes, and a client that leaves is noticed', async () => {
  const backup = new FakeBackup(100_000);
  const { client } = await start({ backup: () => backup });
  const chunks = (await client.backup())[Symbol.asyncIterator]();
  await chunks.next();
  let asked = -1;
  while (asked !== backup.asked) {
    asked = backup.asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(asked).toBeLessThan(2_000);
  await chunks.return?.(undefined);
  while (!backup.left) await new Promise((resolve) => setTimeout(resolve, 5));
});

it('what fails on the way is told to the log, and cuts the answer off', async () => {
  const fault = new Error('the disk is gone');
  const { client, errors } = await start({ backup: () => new FakeBackup(3, fault) });
  let size = 0;
  const reading = (async () => {
    for await (const { length } of await client.backup()) size += length;
  })();
  await expect(reading).rejects.toMatchObject({ name: 'ProblemError' });
  expect(errors).toEqual([fault]);
  // The last of it says why.
  expect(size).toBe(3 * 64 * 1024);
});
