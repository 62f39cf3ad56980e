/** `demo` and `serve` against a server that plays by a script; demo-end-to-end.test.ts has the real one. */
import { type AmqpMessage, valueBody } from '@millrace/amqp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/main.js';
import { jobDocument } from './documents.js';
import { type FakeAmqpServer, startFakeAmqpServer } from './fake-amqp-server.js';
import { type FakeControlApi, startFakeControlApi } from './fake-control-api.js';
import { type FakeMqttServer, startFakeMqttServer } from './fake-mqtt-server.js';
import { fakeTerminal } from './fake-terminal.js';

interface Started {
  readonly options: Readonly<Record<string, unknown>> & {
    readonly prepare?: (server: { apply(documents: readonly unknown[]): Promise<void> }) => Promise<void>;
  };
  readonly applied: unknown[];
  closed: boolean;
}

const stage = vi.hoisted(() => ({
  endpoints: [] as object[],
  failure: undefined as Error | undefined,
  started: [] as Started[],
}));

vi.mock('@millrace/server', () => ({
  startServer: async (options: Started['options']) => {
    if (stage.failure !== undefined) throw stage.failure;
    const started: Started = { options, applied: [], closed: false };
    stage.started.push(started);
    const apply = async (documents: readonly unknown[]): Promise<void> => {
      started.applied.push(...documents);
    };
    await options.prepare?.({ apply });
    return {
      endpoints: stage.endpoints,
      apply,
      close: async () => {
        started.closed = true;
      },
    };
  },
}));

let amqp: FakeAmqpServer | undefined;
let mqtt: FakeMqttServer | undefined;
let api: FakeControlApi | undefined;
afterEach(async () => {
  await amqp?.close();
  await mqtt?.close();
  await api?.close();
  amqp = undefined;
  mqtt = undefined;
  stage.failure = undefined;
  stage.started.length = 0;
});

async function stageServers(
  messages: readonly AmqpMessage[],
  job: object = jobDocument('max-temperature'),
): Promise<void> {
  amqp = await startFakeAmqpServer(messages);
  mqtt = await startFakeMqttServer();
  api = await startFakeControlApi({ 'GET /v1/jobs/max-temperature': { body: job } });
  stage.endpoints = [
    { name: 'amqp', protocol: 'amqp', host: '127.0.0.1', port: amqp.port, tls: false },
    { name: 'mqtt', protocol: 'mqtt', host: '127.0.0.1', port: Number(new URL(mqtt.url).port), tls: false },
    { name: 'http', protocol: 'http', host: '127.0.0.1', port: Number(new URL(api.server).port), tls: false },
  ];
}

const WINDOWS: readonly AmqpMessage[] = [
  ['27', '00', '05', '25'],
  ['24', '05', '10', '24'],
].map(([max, start, end, readings]) => ({
  applicationProperties: {
    window_start: `2026-11-24 08:17:${start}`,
    window_end: `2026-11-24 08:17:${end}`,
    readings: readings ?? '',
  },
  body: valueBody(max),
}));

describe('demo', () => {
  it('declares both queues and the job, prints one line a window, ends by itself with 0 and a summary', async () => {
    await stageServers([...WINDOWS, { body: valueBody('of somebody else') }]);
    const terminal = fakeTerminal();
    expect(await main(['demo', '--for', '300ms', '--seed', '7'], terminal)).toBe(0);
    expect(terminal.output()).toBe(
      '08:17:00 – 08:17:05   max 27   25 readings\n08:17:05 – 08:17:10   max 24   24 readings\n',
    );
    const [listening, skipped, summary, ...rest] = terminal.notes().trim().split('\n');
    expect(listening).toMatch(/^millrace ready: amqp:\/\/127.0.0.1:\d+ mqtt:\/\/127.0.0.1:\d+ http:\/\/127.0.0.1:\d+$/);
    expect(skipped).toContain('Skipped a message');
    expect(summary).toMatch(/^Sent \d readings? over AMQP, received the maximum of 2 windows in 0\.\d s\.$/);
    expect(rest).toEqual([]);
    expect(stage.started[0]?.applied).toMatchObject([
      { kind: 'Address', metadata: { name: 'temperature' } },
      { kind: 'Address', metadata: { name: 'max' } },
      { kind: 'Job', metadata: { name: 'max-temperature' } },
    ]);
    expect(stage.started[0]?.closed).toBe(true);
    expect(amqp?.published.length).toBeGreaterThan(0);
    expect(amqp?.goodbyes()).toBe(2);
  });

  it('--output json: objects with numbers alone on standard output', async () => {
    await stageServers(WINDOWS);
    const terminal = fakeTerminal();
    expect(await main(['demo', '--for', '200ms', '--output', 'json'], terminal)).toBe(0);
    const lines = terminal.output().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { window_start: '2026-11-24 08:17:00', window_end: '2026-11-24 08:17:05', max: 27, readings: 25 },
      { window_start: '2026-11-24 08:17:05', window_end: '2026-11-24 08:17:10', max: 24, readings: 24 },
    ]);
  });

  it('--protocol mqtt sends over MQTT and receives over AMQP', async () => {
    await stageServers(WINDOWS);
    const terminal = fakeTerminal();
    expect(await main(['demo', '--for', '200ms', '--protocol', 'mqtt'], terminal)).toBe(0);
    expect(mqtt?.published[0]).toMatch(/^temperature 1 false \d+$/);
    expect(amqp?.published).toEqual([]);
    expect(terminal.notes()).toContain('over MQTT, received the maximum of 2 windows');
  });

  it.each([
    [[], 0],
    [['--for', '1h'], 130],
  ] as const)('Ctrl-C with %j ends it cleanly with %i', async (options, expected) => {
    await stageServers(WINDOWS);
    const terminal = fakeTerminal();
    const running = main(['demo', ...options], terminal);
    await terminal.outputHolding('max 24');
    terminal.interrupt();
    expect(await running).toBe(expected);
    expect(terminal.notes()).toContain('Sent ');
    expect(stage.started[0]?.closed).toBe(true);
  });

  it('a job that failed: 1, with the reason instead of silence', async () => {
    const job = jobDocument('max-temperature') as { status: object };
    const conditions = [{ type: 'Running', status: 'False', reason: 'BadRow', message: 'x is no INT' }];
    await stageServers([], { ...job, status: { ...job.status, phase: 'Failed', conditions } });
    const terminal = fakeTerminal();
    expect(await main(['demo'], terminal)).toBe(1);
    expect(terminal.notes()).toContain('millrace: the job max-temperature has failed\n  BadRow: x is no INT\n');
    expect(stage.started[0]?.closed).toBe(true);
  });

  it('a server that goes away: 7, and everything is closed', async () => {
    await stageServers(WINDOWS);
    const terminal = fakeTerminal();
    const running = main(['demo'], terminal);
    await terminal.outputHolding('max 24');
    await amqp?.close();
    expect(await running).toBe(7);
    expect(stage.started[0]?.closed).toBe(true);
  });
});

describe('a server that does not start says why in one sentence', () => {
  it.each([
    ['EADDRINUSE', 5672, 'port 5672 is in use; choose another with --amqp-port <port>'],
    ['EADDRINUSE', 1883, 'port 1883 is in use; choose another with --mqtt-port <port>'],
    ['EADDRINUSE', 8080, 'port 8080 is in use; choose another with --http-port <port>'],
    ['EACCES', 8080, 'port 8080 needs rights that this user has not; choose another with --http-port <port>'],
  ])('%s %i', async (code, port, sentence) => {
    const cause = Object.assign(new Error('listen'), { code, port });
    for (const failure of [cause, new Error('cannot start', { cause })]) {
      stage.failure = failure;
      for (const command of ['demo', 'serve']) {
        const terminal = fakeTerminal();
        expect(await main([command], terminal)).toBe(1);
        expect(terminal.notes()).toBe(`millrace: ${sentence}\n`);
        expect(terminal.output()).toBe('');
      }
    }
  });

  it('a failure that nobody foresaw is not hidden', async () => {
    stage.failure = new TypeError('a bug');
    await expect(main(['serve'], fakeTerminal())).rejects.toThrow('a bug');
  });
});

describe('serve', () => {
  it('hands over its options, applies files before it is ready, ends by Ctrl-C with 0', async () => {
    await stageServers([]);
    const terminal = fakeTerminal();
    const file = new URL('../../../examples/max-temperature/addresses.yaml', import.meta.url).pathname;
    const line = ['serve', '--host', '::1', '--amqp-port', '0', '--undeclared-amqp', 'queue', '--apply', file];
    const running = main(line, terminal);
    await terminal.notesHolding('millrace ready: ');
    const [started] = stage.started;
    expect(started?.options).toMatchObject({
      host: '::1',
      amqpPort: 0,
      mqttPort: 1883,
      httpPort: 8080,
      undeclaredAmqp: 'queue',
    });
    expect(started?.applied).toHaveLength(2);
    expect(started?.closed).toBe(false);
    terminal.interrupt('SIGTERM');
    expect(await running).toBe(0);
    expect(started?.closed).toBe(true);
    expect(terminal.output()).toBe('');
  });
});
