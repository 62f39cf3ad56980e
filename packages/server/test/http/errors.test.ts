import { readFileSync } from 'node:fs';
import { PROBLEMS } from '@millrace/contract';
import { describe, expect, it } from 'vitest';
import { queue } from '../../../controller/test/support/world.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const ROOT = new URL('../../../../', import.meta.url);

describe('every error is a problem', () => {
  it.each([
    ['GET', '/nowhere', {}, 404, 'no-such-path'],
    ['GET', '/v3/address/', {}, 404, 'no-such-path'],
    ['POST', '/v2/addresses', { body: {} }, 404, 'no-such-path'],
    ['DELETE', '/v3/address', {}, 405, 'method-not-allowed'],
    ['PUT', '/v3/flavor', { body: {} }, 405, 'method-not-allowed'],
    ['DELETE', '/v1/status', {}, 405, 'method-not-allowed'],
    ['POST', '/', {}, 405, 'method-not-allowed'],
    ['PUT', '/v1/addresses/a', { body: '{"a":' }, 400, 'malformed-body'],
    ['PUT', '/v1/addresses/a', { body: '' }, 400, 'malformed-body'],
    ['PUT', '/v1/addresses/a', { body: 'x'.repeat(2_000) }, 413, 'body-too-large'],
    [
      'PUT',
      '/v1/addresses/a',
      { body: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported-media-type',
    ],
    ['PUT', '/v1/addresses/a', { body: '{}', headers: { 'content-type': '' } }, 415, 'unsupported-media-type'],
    ['PUT', '/v1/addresses/a', { body: '{"__proto__":{"x":1}}' }, 422, 'invalid-document'],
    ['PATCH', '/v1/addresses/a', { body: '{}' }, 404, 'not-found'],
    ['GET', '/v1/addresses/%ff', {}, 400, 'malformed-name'],
  ])('%s %s', async (method, path, sent, status, slug) => {
    const { call } = await createHttpWorld({ bodyLimitBytes: 1_000 });
    const answer = await call(method, path, sent);
    expect(problemIn(answer)).toMatchObject({ status, slug });
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/[A-Z]/);
  });

  it('of the server too: told to the log, not to the client', async () => {
    const { call, errors, messaging } = await createHttpWorld();
    messaging.observeConnections = () => {
      throw new Error('the password is hunter2');
    };
    const answer = problemIn(await call('GET', '/v1/connections'));
    expect(answer).toMatchObject({ status: 500, slug: 'internal' });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(errors).toMatchObject([{ message: 'the password is hunter2' }]);
  });

  it('of a plane that is away', async () => {
    const { call, controller, messaging } = await createHttpWorld();
    await controller.put(queue('a'));
    messaging.fault = () => {
      throw new Error('connection refused');
    };
    const answer = problemIn(await call('DELETE', '/v1/addresses/a/messages'));
    expect(answer).toMatchObject({ status: 503, slug: 'plane-unavailable' });
    expect(answer.problem.detail).toBe('cannot purge a: connection refused');
  });

  it('HEAD is GET without a body, OPTIONS says what is allowed', async () => {
    const { call } = await createHttpWorld();
    const head = await call('HEAD', '/v1/addresses');
    expect([head.status, head.body]).toEqual([200, '']);
    const options = await call('OPTIONS', '/v1/addresses/a');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, PUT, PATCH, DELETE, HEAD']);
  });

  it('each has a section in the documentation, with its status and title', () => {
    const page = readFileSync(new URL('docs/reference/errors.md', ROOT), 'utf8');
    const sections = [...page.matchAll(/^## ([a-z-]+)\n\n(\d+) · (.+)$/gm)].map(([, slug, status, title]) => [
      slug,
      Number(status),
      title,
    ]);
    expect(sections).toEqual(Object.entries(PROBLEMS).map(([slug, { status, title }]) => [slug, status, title]));
  });
});

describe('who may call', () => {
  it.each([
    ['127.0.0.1:8080', 200],
    ['localhost', 200],
    ['LOCALHOST.:8080', 200],
    ['millrace.localhost:8080', 200],
    ['127.9.9.9', 200],
    ['[::1]:8080', 200],
    ['mill.example.com', 200],
    ['mill.example.com:444', 200],
    ['[fd00::7]:8080', 200],
    ['[fd00::8]:8080', 403],
    ['evil.example.com', 403],
    ['localhost.evil.com', 403],
    ['127.0.0.1.evil.com', 403],
    ['mill.example.com.evil.com', 403],
    ['10.0.0.1', 403],
    ['evil.com/@localhost', 403],
    ['', 403],
  ])('Host %s: %i', async (host, status) => {
    const { call } = await createHttpWorld({ allowedHosts: ['Mill.example.com', 'fd00:0::7'] });
    const answer = await call('GET', '/v1/status', { headers: { host } });
    expect(answer.status).toBe(status);
    if (status !== 200) expect(problemIn(answer).slug).toBe('foreign-host');
    expect((await call('GET', '/healthz', { headers: { host } })).status).toBe(200);
  });

  it.each([
    [{ origin: 'http://127.0.0.1:8080' }, 200],
    [{ origin: 'https://console.example.com' }, 200],
    [{ origin: 'http://127.0.0.1:3000' }, 403],
    [{ origin: 'http://evil.com' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 200],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 403],
  ])('a page with %o: %i', async (headers, status) => {
    const { call } = await createHttpWorld({ allowedOrigins: ['https://console.example.com'] });
    const all = { host: '127.0.0.1:8080', ...headers };
    const answer = await call('GET', '/v1/status', { headers: all });
    expect(answer.status).toBe(status);
    if (status !== 200) expect(problemIn(answer).slug).toBe('foreign-origin');
  });

  it('a form on another site that posts somewhere changes nothing', async () => {
    const { call, messaging, controller } = await createHttpWorld();
    await controller.put(queue('a'));
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'content-type': 'text/plain',
    };
    expect((await call('POST', '/v1/addresses/a/messages', { body: 'x', headers })).status).toBe(403);
    expect(messaging.addresses.get('a')!.messages).toEqual([]);
  });
});
