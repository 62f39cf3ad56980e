/** The demo as its documentation shows it: `npm start`, and the steps of the original README one by one. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { event, eventually, pause, Running, run, runWell } from './harness/commands.js';
import {
  compareTotals,
  compareWindows,
  openPublisher,
  receiveWindows,
  sendKnownReadings,
  untilCounted,
  WINDOW_MS,
  windowDocuments,
} from './harness/known-windows.js';
import { publish, subscribe, untilReceived } from './harness/mosquitto.js';
import { protonReceive } from './harness/proton.js';
import { freePort, MILLRACE, queue, ROOT, Server } from './harness/server.js';

const bin = (name: string) => join(ROOT, 'apps/cli/bin', name);

describe('a user who types npm start', () => {
  async function demo(...more: readonly string[]) {
    const ports = ['--amqp-port', String(await freePort()), '--mqtt-port', String(await freePort())];
    const args = [
      'start',
      '--',
      '--for',
      '30s',
      '--output',
      'json',
      ...ports,
      '--http-port',
      String(await freePort()),
      ...more,
    ];
    return run('npm', args, { cwd: ROOT, timeoutMs: 110_000 });
  }

  test.each([[[]], [['--protocol', 'mqtt']]])(
    'gets one JSON object a window on standard output, nothing else, and exit 0: %j',
    async (more) => {
      const { code, stdout, stderr } = await demo(...more);
      expect(stderr).toMatch(/amqp/i);
      expect(code).toBe(0);
      const windows = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(windows.length).toBeGreaterThanOrEqual(4);
      for (const [at, window] of windows.entries()) {
        expect(Object.keys(window)).toEqual(['window_start', 'window_end', 'max', 'readings']);
        expect(typeof window.max).toBe('number');
        expect(window.readings).toBeGreaterThan(0);
        const length = Date.parse(window.window_end) - Date.parse(window.window_start);
        expect(length).toBe(WINDOW_MS);
        if (at > 0) expect(window.window_start).toBe(windows[at - 1].window_end);
      }
    },
    120_000,
  );

  test.each(['amqp', 'mqtt', 'http'])(
    'is told in one sentence that the %s port is in use, and which flag changes it',
    async (name) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await event(taken, 'listening');
      const { port } = taken.address() as { port: number };
      const args = ['start', '--', '--for', '5s'];
      for (const protocol of ['amqp', 'mqtt', 'http'])
        args.push(`--${protocol}-port`, String(protocol === name ? port : await freePort()));
      const { code, stdout, stderr } = await run('npm', args, { cwd: ROOT, timeoutMs: 60_000 });
      taken.close();
      expect(code).not.toBe(0);
      expect(stdout).toBe('');
      const complaint = stderr
        .trim()
        .split('\n')
        .filter((line) => line.includes(String(port)));
      expect(complaint, stderr).toHaveLength(1);
      expect(complaint[0]).toContain(`--${name}-port`);
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );
});

describe('a user who follows the original demo', () => {
  let server: Server;
  const started: Running[] = [];
  afterEach(async () => {
    for (const program of started.splice(0)) await program.stop('SIGINT');
    await server?.stop();
  });
  const start = (program: string, ...args: readonly string[]) => {
    const running = new Running(process.execPath, [bin(program), ...args]);
    started.push(running);
    return running;
  };
  const putAddresses = async (file: string) =>
    runWell('curl', [
      ...['-sS', '--fail-with-body', '-X', 'PUT', '-H', 'content-type: application/json'],
      ...['--data-binary', `@${file}`, `${server.httpUrl}/v3/address`],
    ]);
  const applyJob = async () =>
    runWell(process.execPath, [
      MILLRACE,
      'apply',
      '-f',
      join(ROOT, 'examples/max-temperature/job.yaml'),
      '--server',
      server.httpUrl,
    ]);

  test('puts addresses.json with curl, applies the job, starts amqp-publisher and amqp-receiver, and sees maxima', async () => {
    server = await Server.start();
    await putAddresses(join(ROOT, 'addresses/addresses.json'));
    await applyJob();
    const publisher = start('amqp-publisher.js', '127.0.0.1', String(server.amqpPort), 'temperature');
    const receiver = start('amqp-receiver.js', '127.0.0.1', String(server.amqpPort), 'max');
    await receiver.until('two maxima', ({ lines }) => lines.length >= 2, 25_000);
    expect(publisher.lines.length).toBeGreaterThan(5);
    for (const line of receiver.lines) expect(line).toMatch(/\d+/);
    expect((await receiver.stop('SIGINT')).code).toBe(0);
    expect((await publisher.stop('SIGINT')).code).toBe(0);
  });

  test('sends with mosquitto_pub and receives the maximum with Proton', async () => {
    server = await Server.start();
    await putAddresses(join(ROOT, 'addresses/addresses.json'));
    await applyJob();
    for (const value of ['21', '23', '22']) await publish(server, 'temperature', '-q', '0', '-m', value);
    const [maximum] = await protonReceive(server, 'max', 1, '--timeout', '15');
    expect(Number(maximum?.body)).toBeGreaterThanOrEqual(21);
    expect(maximum?.properties).toHaveProperty('readings');
  });

  test('makes max a topic, as the README says for MQTT, and receives with mosquitto_sub', async () => {
    server = await Server.start();
    const v3 = (name: string, multicast: boolean) => ({
      apiVersion: 'v3',
      kind: 'Address',
      metadata: { name },
      spec: { store_and_forward: true, multicast, flavor: multicast ? 'vanilla-topic' : 'vanilla-queue' },
    });
    const list = { apiVersion: 'v3', kind: 'AddressList', items: [v3('temperature', false), v3('max', true)] };
    const body = JSON.stringify(list);
    await putAddresses(join(ROOT, 'addresses/addresses.json'));
    await runWell('curl', [
      ...['-sS', '--fail-with-body', '-X', 'PUT', '-H', 'content-type: application/json', '--data-binary', body],
      `${server.httpUrl}/v3/address`,
    ]);
    await applyJob();
    const subscriber = await subscribe(server, 'max', '-q', '0');
    await publish(server, 'temperature', '-q', '0', '-m', '23');
    expect((await untilReceived(subscriber, 1)).map((message) => message.body)).toEqual(['23']);
    await subscriber.stop();
  });

  test('leaves the receiver off: every maximum it missed follows, in order', async () => {
    server = await Server.start({ documents: windowDocuments });
    const publishers = [await openPublisher(server, 'amqp'), await openPublisher(server, 'mqtt')];
    const readings = await sendKnownReadings(publishers, { windows: 3, burst: 5, bursts: 4, silentEvery: 0 });
    await pause(WINDOW_MS);
    const { results, close } = receiveWindows(server);
    await untilCounted(readings, results);
    expect(results).toHaveLength(3);
    expect(compareWindows(readings, results).flatMap((comparison) => comparison.faults)).toEqual([]);
    expect(compareTotals(readings, results)).toEqual([]);
    for (const publisher of publishers) publisher.close();
    close();
  });

  test('stops the publisher: the last window comes by the clock, and no empty one after it', async () => {
    server = await Server.start({ documents: windowDocuments });
    const { results, close } = receiveWindows(server);
    const publisher = await openPublisher(server, 'mqtt');
    const readings = await sendKnownReadings([publisher], { windows: 1, burst: 3, bursts: 1, silentEvery: 0 });
    publisher.close();
    await eventually('the last window', () => results.length === 1, WINDOW_MS + 2_000);
    const lateness = Date.now() - results[0]!.end;
    expect(lateness).toBeLessThan(1_000);
    await pause(WINDOW_MS * 2);
    expect(results).toHaveLength(1);
    expect(compareTotals(readings, results)).toEqual([]);
    close();
  });

  test('pauses the job for 20 s under load: every window of the backlog is right', async () => {
    server = await Server.start({ documents: windowDocuments });
    const { results, close } = receiveWindows(server);
    const publishers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => openPublisher(server, at % 2 === 0 ? 'amqp' : 'mqtt')),
    );
    const command = (verb: string) =>
      runWell(process.execPath, [MILLRACE, verb, 'max-temperature', '--server', server.httpUrl]);
    const paused = async () => {
      await pause(WINDOW_MS * 1.3);
      await command('pause');
      const before = results.length;
      await pause(20_000);
      expect(results.length - before).toBeLessThanOrEqual(1);
      await command('resume');
    };
    const [readings] = await Promise.all([
      sendKnownReadings(publishers, { windows: 7, burst: 10, bursts: 12, silentEvery: 4 }),
      paused(),
    ]);
    await untilCounted(readings, results);
    expect(compareWindows(readings, results).flatMap((comparison) => comparison.faults)).toEqual([]);
    expect(compareTotals(readings, results)).toEqual([]);
    for (const publisher of publishers) publisher.close();
    close();
  }, 120_000);

  test('asks for an address that is not there with amqp-receiver, and is told so', async () => {
    server = await Server.start({ documents: queue('temperature') });
    const receiver = start('amqp-receiver.js', '127.0.0.1', String(server.amqpPort), 'maximum');
    const { code, stderr } = await receiver.ended;
    expect(code).toBe(4);
    expect(stderr).toContain('maximum');
  });
});
