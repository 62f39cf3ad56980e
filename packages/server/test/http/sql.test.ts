import type { Authorizer } from '@millrace/security';
import { afterEach, describe, expect, it } from 'vitest';
import { queue } from '../../../controller/test/support/world.js';
import { type RunningServer, startServer } from '../../src/index.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const JOB =
  "INSERT INTO max SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body FROM STREAM temperature GROUP BY window(time, '5 seconds')";

async function world(options: { readonly authorizer?: Authorizer } = {}) {
  const made = await createHttpWorld(options);
  const columns = [{ name: 'celsius', type: 'DOUBLE' }];
  await made.controller.put(queue('temperature', { schema: { format: 'json', columns } }));
  const check = async (sql: string) => (await made.call('POST', '/v1/sql:check', { body: { sql } })).body;
  const labels = async (sql: string, offset = sql.length) =>
    (await made.call('POST', '/v1/sql:complete', { body: { sql, offset } })).body.items.map(
      ({ label }: { label: string }) => label,
    );
  return { ...made, check, labels };
}

describe('checking', () => {
  it('tells the shape of the result, the plan, and what is worth knowing', async () => {
    const { check } = await world();
    const analysis = await check(JOB);
    expect(analysis).toMatchObject({
      valid: true,
      kind: 'job',
      source: 'temperature',
      target: 'max',
      columns: [{ name: 'body', type: 'STRING', nullable: true }],
      diagnostics: [{ code: 'UNDECLARED_ADDRESS', severity: 'warning', span: { start: 12, end: 15 } }],
    });
    expect(analysis.plan).toContain('aggregate in windows');
    expect(await check('SELECT * FROM STREAM temperature')).toMatchObject({ valid: true, kind: 'query' });
  });

  it('tells what is wrong, where, and what would be right', async () => {
    const { check } = await world();
    const { valid, diagnostics } = await check('SELECT celsus FROM STREAM temperature');
    expect([valid, diagnostics]).toMatchObject([
      false,
      [
        {
          code: 'UNKNOWN_COLUMN',
          severity: 'error',
          span: { start: 7, end: 13 },
          line: 1,
          column: 8,
          fixes: [{ title: 'did you mean celsius?', edit: { span: { start: 7, end: 13 }, text: 'celsius' } }],
        },
      ],
    ]);
    expect(await check('')).toMatchObject({ valid: false, diagnostics: [{ code: 'SYNTAX' }] });
  });

  it('knows no columns and names of addresses that one may not view', async () => {
    const authorizer: Authorizer = { authorize: (_principal, verb) => verb !== 'view' };
    const { check, labels } = await world({ authorizer });
    expect((await check('SELECT celsius FROM STREAM temperature')).diagnostics[0].code).toBe('UNKNOWN_COLUMN');
    expect(await labels('SELECT body FROM STREAM ')).not.toContain('temperature');
    expect(await labels('SELECT cel', 10)).not.toContain('celsius');
  });

  it('says what a plane cannot run', async () => {
    const { check, processing } = await world();
    processing.refusals = [{ message: 'not here', start: 0, end: 6 }];
    expect(await check(JOB)).toMatchObject({ valid: false, diagnostics: [{ code: 'NOT_SUPPORTED' }, {}] });
  });
});

it('completion knows the addresses and columns that there are now', async () => {
  const { labels, controller, call } = await world();
  expect(await labels('SELECT body FROM STREAM ')).toContain('temperature');
  await controller.put(queue('devices/1'));
  expect(await labels('SELECT body FROM STREAM `dev')).toEqual(['devices/1']);
  expect((await labels('SELECT cel FROM STREAM temperature', 10))[0]).toBe('celsius');
  expect(problemIn(await call('POST', '/v1/sql:complete', { body: { sql: '' } })).slug).toBe('invalid-document');
});

describe('a preview', () => {
  const servers: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function start() {
    const server = await startServer({ amqpPort: 0, mqttPort: 0, httpPort: 0, log: () => {} });
    servers.push(server);
    const address = (name: string, type: string) => ({
      ...{ apiVersion: 'millrace.dev/v1', kind: 'Address' },
      ...{ metadata: { name }, spec: { type } },
    });
    await server.apply([address('q', 'queue'), address('t', 'topic'), address('d', 'anycast')]);
    const { port } = server.endpoints.find(({ protocol }) => protocol === 'http')!;
    const url = `http://127.0.0.1:${port}/v1`;
    const post = (path: string, body: object) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const send = async (name: string, ...bodies: readonly string[]) => {
      for (const body of bodies) expect((await post(`/addresses/${name}/messages`, { body })).status).toBe(200);
    };
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
    const get = async (path: string): Promise<any> => (await fetch(url + path)).json();
    return { url, post, send, get };
  }

  /** All events to the end. */
  async function eventsOf(response: Response) {
    const text = await response.text();
    return text
      .split('\n\n')
      .filter((block) => block !== '')
      .map((block) => {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        return { event, data: JSON.parse(data!) };
      });
  }

  it('shows what a queue stores and then what comes, consumes nothing and sends nothing', async () => {
    const { post, send, get } = await start();
    await send('q', '1', '2', '3');
    const sql = 'INSERT INTO q2 SELECT CAST(CAST(body AS INT) * 10 AS STRING) AS body FROM STREAM q';
    const response = await post('/sql:preview', { sql, rows: 4 });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    await send('q', '4');
    const events = await eventsOf(response);
    expect(events[0]).toEqual({ event: 'started', data: { source: 'q', columns: ['body'] } });
    const rows = events.filter(({ event }) => event === 'rows').flatMap(({ data }) => data.rows);
    expect(rows).toEqual(['10', '20', '30', '40'].map((body) => ({ body })));
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'rows', rowsIn: 4, rowsOut: 4 } });
    expect((await get('/addresses/q')).status.statistics).toMatchObject({ stored: 4, messagesOut: 0, receivers: 0 });
  });

  it('closes windows of what is stored, and says what it waits for', async () => {
    const { post, send } = await start();
    await send('q', '3', '5', '4');
    const sql = "SELECT max(body) AS highest, window.start AS s FROM STREAM q GROUP BY window(time, '1 second')";
    const events = await eventsOf(await post('/sql:preview', { sql, seconds: 3 }));
    const rows = events.filter(({ event }) => event === 'rows').flatMap(({ data }) => data.rows);
    expect(rows.map(({ highest }) => highest)).toContain('5');
    const progress = events.filter(({ event }) => event === 'progress').map(({ data }) => data.message);
    expect(progress.at(-1)).toContain('all that arrived on q');
    expect(events.at(-1)?.data).toMatchObject({ reason: 'time', rowsIn: 3 });
  });

  it('on a topic, or when that is asked for, shows only what comes', async () => {
    const { post, send } = await start();
    await send('q', 'old');
    const first = await post('/sql:preview', { sql: 'SELECT * FROM STREAM q', from: 'new', rows: 1 });
    const second = await post('/sql:preview', { sql: 'SELECT body, address FROM STREAM t', rows: 1 });
    await send('q', 'new');
    await send('t', 'hello');
    const rows = async (response: Response) =>
      (await eventsOf(response)).find(({ event }) => event === 'rows')!.data.rows;
    expect(await rows(first)).toMatchObject([{ body: 'new', address: 'q' }]);
    expect(await rows(second)).toEqual([{ body: 'hello', address: 't' }]);
  });

  it('ends with its client, with its source, and with a fault when that is asked for', async () => {
    const { url, post, send, get } = await start();
    const leaving = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ sql: 'SELECT body FROM STREAM t' });
    await fetch(`${url}/sql:preview`, { method: 'POST', headers, body, signal: leaving.signal });
    const receivers = async () => (await get('/addresses/t')).status.statistics.receivers;
    expect(await receivers()).toBe(1);
    leaving.abort();
    await expect.poll(receivers, { timeout: 5000 }).toBe(0);
    const gone = await post('/sql:preview', { sql: 'SELECT body FROM STREAM q' });
    await fetch(`${url}/addresses/q`, { method: 'DELETE' });
    expect((await eventsOf(gone)).at(-1)).toMatchObject({ event: 'end', data: { reason: 'source-gone' } });
    const failing = await post('/sql:preview', { sql: 'SELECT CAST(body AS INT) AS n FROM STREAM t', onError: 'fail' });
    await send('t', 'no number');
    expect((await eventsOf(failing)).at(-1)?.data).toMatchObject({
      reason: 'failed',
      message: expect.stringContaining('CAST'),
    });
  });

  it('is refused where there is nothing to look into', async () => {
    const { post } = await start();
    const refused = async (sql: string) => {
      const response = await post('/sql:preview', { sql });
      return [response.status, ((await response.json()) as { type: string }).type.replace(/.*\//, '')];
    };
    expect(await refused('SELECT body FROM STREAM nothing')).toEqual([404, 'not-found']);
    expect(await refused('SELECT body FROM STREAM d')).toEqual([409, 'conflict']);
    expect(await refused('SELECT nobody FROM STREAM q')).toEqual([422, 'invalid-sql']);
  });
});
