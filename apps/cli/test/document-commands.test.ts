import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/main.js';
import { addressDocument, jobDocument } from './documents.js';
import { type Answer, type Asked, type FakeControlApi, problem, startFakeControlApi } from './fake-control-api.js';
import { fakeTerminal } from './fake-terminal.js';

let api: FakeControlApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

type TerminalOptions = Parameters<typeof fakeTerminal>[0];

async function run(
  line: string,
  answers: Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>,
  options: TerminalOptions = {},
) {
  api = await startFakeControlApi(answers);
  const terminal = fakeTerminal({
    ...options,
    environment: { MILLRACE_TOKEN: 'secret', ...options?.environment },
  });
  const code = await main([...line.split(' '), '--server', api.server], terminal);
  return { code, output: terminal.output(), notes: terminal.notes(), asked: api.asked };
}

const CONNECTION = {
  id: 'c-7',
  protocol: 'mqtt',
  container: 'sensor-\u001b[31m1',
  host: '127.0.0.1:50000',
  user: 'anonymous',
  encrypted: false,
  openedAt: '2026-11-24T08:00:00Z',
  properties: {},
  links: [{ name: 'l', role: 'sender', address: 'temperature', credit: 1, unsettled: 0, deliveries: 5 }],
};

const LISTS = {
  'GET /v1/addresses?limit=500': {
    body: { items: [addressDocument('temperature', { stored: 12 }), addressDocument('max')] },
  },
  'GET /v1/jobs?limit=500': { body: { items: [jobDocument('max-temperature')] } },
  'GET /v1/connections?limit=500': { body: { items: [CONNECTION] } },
};

describe('get', () => {
  it('prints a table of addresses, numbers right', async () => {
    const { code, output, notes, asked } = await run('get addr', LISTS);
    expect(output).toBe(
      [
        'NAME         TYPE   PHASE  STORED  IN  OUT  SENDERS  RECEIVERS',
        'temperature  queue  Ready      12  40   30        1          2',
        'max          queue  Ready       0  40   30        1          2',
        '',
      ].join('\n'),
    );
    expect(notes).toBe('');
    expect(code).toBe(0);
    expect(asked[0]?.authorization).toBe('Bearer secret');
  });

  it('cuts a table at the width of a terminal, and at no width elsewhere', async () => {
    const answers = { 'GET /v1/addresses?limit=500': { body: { items: [addressDocument('a'.repeat(100))] } } };
    const onTerminal = await run('get addresses', answers, { isTerminal: true, columns: 80 });
    expect(Math.max(...onTerminal.output.split('\n').map((line) => line.length))).toBe(80);
    await api?.close();
    const inPipe = await run('get addresses', answers);
    expect(inPipe.output).toContain('a'.repeat(100));
  });

  it('prints jobs and connections, and obeys no control characters of a client', async () => {
    const jobs = await run('get jobs -o wide', LISTS);
    expect(jobs.output).toMatch(/^max-temperature {2}Running {2}temperature {2}max +7 +3 +4 +0 +0 {2}- +\S+ +-$/m);
    await api?.close();
    const connections = await run('get connections', LISTS);
    expect(connections.output).toContain('c-7  mqtt      sensor-\\x1b[31m1');
    expect(connections.output).not.toContain('\u001b');
  });

  it.each([
    ['json', (text: string) => JSON.parse(text).map((item: { metadata: { name: string } }) => item.metadata.name)],
    [
      'jsonl',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).metadata.name),
    ],
    ['yaml', (text: string) => [...text.matchAll(/^ {2}name: (.*)$/gm)].map((match) => match[1])],
    [
      'name',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => line.replace('address/', '')),
    ],
  ])('-o %s holds all of them', async (format, names) => {
    const { output } = await run(`get addresses -o ${format}`, LISTS);
    expect(names(output)).toEqual(['temperature', 'max']);
  });

  it('one by name is an object in JSON', async () => {
    const { output } = await run('get job max-temperature -o json', {
      'GET /v1/jobs/max-temperature': { body: jobDocument('max-temperature') },
    });
    expect(JSON.parse(output).metadata.name).toBe('max-temperature');
  });

  it('says so on standard error when there are none', async () => {
    const { code, output, notes } = await run('get jobs', { 'GET /v1/jobs?limit=500': { body: { items: [] } } });
    expect([code, output, notes]).toEqual([0, '', 'No jobs.\n']);
  });

  it('a name that is not there: 4, and the nearest that is', async () => {
    const { code, output, notes } = await run('get address temprature', LISTS);
    expect(notes).toBe('millrace: there is no address "temprature"\n  try: did you mean "temperature"?\n');
    expect([code, output]).toEqual([4, '']);
  });
});

describe('failures of the server have the exit code of their kind', () => {
  it.each([
    [403, 'not-allowed', 6],
    [409, 'conflict', 5],
    [504, 'timed-out', 8],
    [500, 'internal', 1],
    [503, 'not-ready', 7],
  ])('%i ends with its code', async (status, slug, exitCode) => {
    const { code, output, notes } = await run('get addresses', {
      'GET /v1/addresses?limit=500': problem(status, slug, 'that is why'),
    });
    expect(notes).toContain('millrace: that is why');
    expect([code, output]).toEqual([exitCode, '']);
  });

  it('MILLRACE_SERVER names the server, and --server goes before it', async () => {
    api = await startFakeControlApi({ 'GET /v1/jobs?limit=500': { body: { items: [] } } });
    vi.stubEnv('MILLRACE_SERVER', api.server);
    expect(await main(['get', 'jobs'], fakeTerminal())).toBe(0);
    vi.stubEnv('MILLRACE_SERVER', 'http://127.0.0.1:1');
    expect(await main(['get', 'jobs', '--server', api.server], fakeTerminal())).toBe(0);
    vi.unstubAllEnvs();
  });

  it('nothing listens: 7, with what to try', async () => {
    const terminal = fakeTerminal();
    const closed = await startFakeControlApi({});
    await closed.close();
    expect(await main(['status', '--server', closed.server], terminal)).toBe(7);
    expect(terminal.notes()).toContain('nothing listens there');
    expect(terminal.notes()).toContain('try: millrace serve');
  });
});

describe('describe', () => {
  it('prints SQL on its own lines, warnings and conditions', async () => {
    const { code, output } = await run('describe job max-temperature', {
      'GET /v1/jobs/max-temperature': { body: jobDocument('max-temperature') },
    });
    expect(code).toBe(0);
    expect(output).toContain('  SQL:\n    INSERT INTO max\n    SELECT body FROM STREAM temperature\n');
    expect(output).toContain('competes with 2 other receivers');
    expect(output).toMatch(/^ {4}TYPE +STATUS +REASON/m);
    expect(output).toMatch(/^ {4}Rows in: +7$/m);
  });
});

describe('apply', () => {
  const PUT_TEMPERATURE = 'PUT /v1/addresses/temperature';
  const PUT_JOB = 'PUT /v1/jobs/hot';
  const ADDRESS = 'apiVersion: millrace.dev/v1\nkind: Address\nmetadata: {name: temperature}\nspec: {type: queue}\n';
  const JOB =
    'apiVersion: millrace.dev/v1\nkind: Job\nmetadata: {name: hot}\nspec:\n  sql: |\n' +
    '    INSERT INTO max\n    SELECT maxx(body) AS body FROM STREAM temperature\n';
  const created = (document: unknown) => ({ headers: { 'millrace-outcome': 'created' }, body: document });

  it('sends addresses before jobs, and says what came of each', async () => {
    const { code, output, asked } = await run(
      'apply -f -',
      { [PUT_TEMPERATURE]: (asked) => created(asked.body), [PUT_JOB]: (asked) => created(asked.body) },
      { input: `${JOB}---\n${ADDRESS}` },
    );
    expect(output).toBe('address/temperature created\njob/hot created\n');
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([PUT_TEMPERATURE, PUT_JOB]);
    expect(code).toBe(0);
  });

  it('--dry-run asks the server to change nothing', async () => {
    const { output, asked } = await run(
      'apply --dry-run -f -',
      { [`${PUT_TEMPERATURE}?dryRun=true`]: (asked) => created(asked.body) },
      { input: ADDRESS },
    );
    expect(output).toBe('address/temperature created (dry run)\n');
    expect(asked).toHaveLength(1);
  });

  it('a refused job: 3 beside others, with the SQL underlined and the fix', async () => {
    const sql = 'INSERT INTO max\nSELECT maxx(body) AS body FROM STREAM temperature\n';
    const start = sql.indexOf('maxx');
    const refused = problem(422, 'invalid-sql', 'the SQL is not valid', [
      {
        pointer: '/spec/sql',
        code: 'sql',
        detail: 'line 2, column 8: there is no function maxx; did you mean max?',
        span: { start, end: start + 4 },
        fixes: ['did you mean max?'],
      },
    ]);
    const { code, notes } = await run(
      'apply -f -',
      { [PUT_TEMPERATURE]: (asked) => created(asked.body), [PUT_JOB]: refused },
      { input: `${ADDRESS}---\n${JOB}` },
    );
    expect(notes).toBe(
      [
        'millrace: job/hot: the SQL is not valid',
        '  in standard input:6',
        '  line 2, column 8: there is no function maxx; did you mean max?',
        '  2 | SELECT maxx(body) AS body FROM STREAM temperature',
        '    |        ^^^^',
        '',
      ].join('\n'),
    );
    expect(code).toBe(3);
  });

  it('a fault in any document: nothing is sent', async () => {
    const { code, notes, asked } = await run(
      'apply -f -',
      {},
      { input: `${ADDRESS}---\n${JOB.replace('Job', 'Jbo')}` },
    );
    expect(notes).toContain('nothing was applied: 1 fault in the documents');
    expect(notes).toMatch(/standard input:\d+:\d+: document 2 \/kind: .*Job/);
    expect(asked).toEqual([]);
    expect(code).toBe(1);
  });

  it('a file that is not there', async () => {
    const { code, notes } = await run('apply -f no-such-file.yaml', {});
    expect(notes).toBe('millrace: there is no file "no-such-file.yaml"\n');
    expect(code).toBe(1);
  });
});

describe('what destroys shows the count and asks', () => {
  const MAX = { 'GET /v1/addresses/max': { body: addressDocument('max', { stored: 1234 }) } };
  const PURGE = { 'DELETE /v1/addresses/max/messages': { body: { purged: 1234 } } };
  const DELETE = { 'DELETE /v1/addresses/max?force=true': { status: 204 } };

  it.each([
    ['purge max', 'Delete 1,234 stored messages of max?'],
    ['delete address max', 'Delete address max with 1,234 stored messages?'],
  ])('%s: where nobody can answer, 2 and nothing is done', async (line, question) => {
    const { code, notes, asked } = await run(line, MAX);
    expect(notes).toContain(question);
    expect(notes).toContain('--yes');
    expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(code).toBe(2);
  });

  it.each([
    ['n\n', 1, 'Nothing was deleted.'],
    ['\n', 1, 'Nothing was deleted.'],
    ['', 1, 'Nothing was deleted.'],
    ['y\n', 0, ''],
    ['Yes\n', 0, ''],
  ])('purge on a terminal, answered with %j', async (input, exitCode, note) => {
    const { code, notes, output } = await run('purge max', { ...MAX, ...PURGE }, { isTerminal: true, input });
    expect(notes).toContain('Delete 1,234 stored messages of max? [y/N]');
    expect(notes).toContain(note);
    expect(output).toBe(exitCode === 0 ? 'deleted 1,234 messages of max\n' : '');
    expect(code).toBe(exitCode);
  });

  it('--yes does not ask', async () => {
    const { code, output, notes } = await run('delete address max --yes', { ...MAX, ...DELETE });
    expect([code, output, notes]).toEqual([0, 'address/max deleted\n', '']);
  });

  it('--dry-run tells and does nothing', async () => {
    const { code, output, asked } = await run('purge max --dry-run', MAX);
    expect([code, output]).toEqual([0, 'would delete 1,234 stored messages of max\n']);
    expect(asked.map(({ method }) => method)).toEqual(['GET']);
  });

  it('closes a connection', async () => {
    const close = { 'DELETE /v1/connections/c-7': { status: 204 } };
    const dry = await run('delete connection c-7 --dry-run', LISTS);
    expect(dry.output).toBe('would close connection c-7 of sensor-\\x1b[31m1\n');
    await api?.close();
    const { code, output } = await run('delete connection c-7 --yes', { ...LISTS, ...close });
    expect([code, output]).toEqual([0, 'connection/c-7 closed\n']);
  });

  it('a connection that is gone: 4', async () => {
    expect((await run('delete connection c-8 --yes', LISTS)).code).toBe(4);
  });

  it('one mistyped name stops the whole', async () => {
    const { code, asked } = await run('delete address max mxa --yes', { ...MAX, ...LISTS, ...DELETE });
    expect(code).toBe(4);
    expect(asked.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });
});

describe('browse', () => {
  const message = (id: number) => ({
    id,
    address: 'max',
    time: '2026-11-24T08:00:05Z',
    body: `2${id}\n\u0007`,
    bodyEncoding: 'utf8',
    durable: true,
    priority: 4,
    deliveryCount: 0,
    properties: { readings: '25' },
  });

  it('shows body and properties in one line each', async () => {
    const { code, output } = await run('browse max', {
      'GET /v1/addresses/max/messages?limit=20': { body: { items: [message(1), message(2)] } },
    });
    expect(output).toBe(
      [
        'ID  TIME                  BODY      PROPERTIES',
        ' 1  2026-11-24T08:00:05Z  21\\n\\x07  readings=25',
        ' 2  2026-11-24T08:00:05Z  22\\n\\x07  readings=25',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('reads page after page up to the limit', async () => {
    const items = Array.from({ length: 500 }, (_, index) => message(index + 1));
    const { output, asked } = await run('browse max --limit 501 -o jsonl', {
      'GET /v1/addresses/max/messages?limit=500': { body: { items } },
      'GET /v1/addresses/max/messages?limit=1&after=500': { body: { items: [message(501)] } },
    });
    expect(output.trim().split('\n')).toHaveLength(501);
    expect(asked).toHaveLength(2);
  });
});

describe('pause, resume, status', () => {
  const JOB = { 'GET /v1/jobs/max-temperature': { body: jobDocument('max-temperature') } };

  it.each(['pause', 'resume'])('%s', async (action) => {
    const { code, output } = await run(`${action} max-temperature`, {
      ...JOB,
      [`POST /v1/jobs/max-temperature:${action}`]: { body: jobDocument('max-temperature') },
    });
    expect([code, output]).toEqual([0, `job/max-temperature ${action}d\n`]);
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('status of a server whose ready is %s', async (ready, exitCode) => {
    const body = {
      version: '0.1.0',
      startedAt: '2026-11-24T08:00:00Z',
      ready,
      planes: { messaging: 'embedded', processing: 'embedded' },
      endpoints: [{ name: 'amqp', protocol: 'amqp', host: '::1', port: 5672, tls: false }],
      addresses: { total: 3, ready: 2 },
      jobs: { total: 1, running: 1 },
      connections: 4,
      store: { kind: 'disk', state: 'open', directory: '/srv/data', bytesOnDisk: 83886080, bytesLive: 7 },
    };
    const hot = addressDocument(
      'hot',
      {},
      { reason: 'Declaring', message: 'the messaging plane does not have it yet' },
    );
    const addresses = { body: { items: [addressDocument('max'), hot] } };
    const { code, output } = await run('status', {
      'GET /v1/status': { body },
      'GET /v1/addresses?limit=500': addresses,
    });
    expect(output).toContain(`Millrace 0.1.0, ${ready ? 'ready' : 'not ready'}, since`);
    expect(output).toContain('Addresses:   2 of 3 ready');
    expect(output).toContain('Store:       /srv/data, 80 MiB on disk');
    expect(output).toContain('Endpoint:    amqp://[::1]:5672');
    expect(output).toMatch(/^Attention:\n {2}address hot: Declaring: the messaging plane does not have it yet\n$/m);
    expect(code).toBe(exitCode);
  });
});
