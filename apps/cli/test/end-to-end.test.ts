/** The commands against the real server: the steps of the READMEs and of the original demo. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main, runProgram } from '../src/main.js';
import { createAmqpPublisherProgram, createAmqpReceiverProgram } from '../src/program/amqp-client-programs.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const ANY_PORTS = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];

let server: FakeTerminal;
let serving: Promise<number>;
const ports = { amqp: '', mqtt: '', http: '' };

beforeAll(async () => {
  server = fakeTerminal();
  serving = main(['serve', ...ANY_PORTS], server);
  await Promise.race([server.notesHolding('millrace ready: '), serving]);
  for (const protocol of ['amqp', 'mqtt', 'http'] as const) {
    ports[protocol] = new RegExp(`${protocol}://127.0.0.1:(\\d+)`).exec(server.notes())?.[1] ?? '';
  }
});

afterAll(async () => {
  server.interrupt();
  expect(await serving).toBe(0);
});

async function run(...argumentList: string[]) {
  const terminal = fakeTerminal();
  const code = await main(withServer(argumentList), terminal);
  return { code, output: terminal.output(), notes: terminal.notes() };
}

function withServer(argumentList: readonly string[]): string[] {
  return [...argumentList, '--server', `http://127.0.0.1:${ports.http}`];
}

describe('max-temperature', () => {
  it('applies, and applies again without a change', async () => {
    const files = ['-f', `${EXAMPLES}max-temperature/job.yaml`, '-f', `${EXAMPLES}max-temperature/addresses.yaml`];
    const first = await run('apply', ...files);
    expect(first).toEqual({
      code: 0,
      output: 'address/temperature created\naddress/max created\njob/max-temperature created\n',
      notes: '',
    });
    expect((await run('apply', ...files)).output).toMatch(/^(.* unchanged\n){3}$/);
  });

  it('gives each maximum over AMQP of what came over both protocols', async () => {
    const receiving = run('receive', 'max', '--count', '1', '--for', '15s', '--output', 'json');
    expect((await run('publish', 'temperature', '21', '29', 'no number')).code).toBe(0);
    expect((await run('publish', 'temperature', '25', '--url', `mqtt://127.0.0.1:${ports.mqtt}`)).code).toBe(0);
    const { code, output } = await receiving;
    expect(code).toBe(0);
    const message = JSON.parse(output) as { body: string; properties: Record<string, string> };
    expect(Number(message.body)).toBeGreaterThanOrEqual(25);
    expect(Object.keys(message.properties).sort()).toEqual(['readings', 'window_end', 'window_start']);
    expect(Date.parse(`${message.properties.window_end}Z`) - Date.parse(`${message.properties.window_start}Z`)).toBe(
      5000,
    );
  });

  it('the clients of the EnMasse demo work as they are', async () => {
    const publisher = fakeTerminal();
    const publishing = runProgram(createAmqpPublisherProgram, ['127.0.0.1', ports.amqp, 'temperature'], publisher);
    const receiver = fakeTerminal();
    const receiving = runProgram(createAmqpReceiverProgram, ['127.0.0.1', ports.amqp, 'max'], receiver);
    await publisher.outputHolding('\n');
    await receiver.outputHolding('\n');
    publisher.interrupt();
    receiver.interrupt();
    expect([await publishing, await receiving]).toEqual([0, 0]);
    expect(receiver.output()).toMatch(/^(\d+\n)+$/);
  });

  it('pauses and resumes', async () => {
    expect((await run('pause', 'max-temperature')).output).toBe('job/max-temperature paused\n');
    expect(JSON.parse((await run('get', 'job', 'max-temperature', '-o', 'json')).output).status.phase).toBe('Paused');
    expect((await run('resume', 'max-temperature')).code).toBe(0);
  });
});

describe('other examples', () => {
  it('alarms', async () => {
    expect((await run('apply', '-f', `${EXAMPLES}alarms/documents.yaml`)).code).toBe(0);
    const listener = fakeTerminal();
    const listening = main(
      withServer(['receive', 'alarms', '--count', '1', '--for', '15s', '--output', 'json']),
      listener,
    );
    await untilReceivers('alarms');
    const readings = ['{"device":"boiler-1","temperature":71}', '{"device":"boiler-2","temperature":97.5}', 'no JSON'];
    expect((await run('publish', 'readings', ...readings)).code).toBe(0);
    expect(await listening).toBe(0);
    expect(JSON.parse(listener.output())).toMatchObject({
      address: 'alarms',
      body: 'boiler-2 is at 97.5 degrees',
      properties: { device: 'boiler-2', severity: 'critical' },
    });
  });

  it('average-by-device', async () => {
    expect((await run('apply', '-f', `${EXAMPLES}average-by-device/documents.yaml`)).code).toBe(0);
    const url = `mqtt://127.0.0.1:${ports.mqtt}`;
    expect((await run('publish', 'devices/1/temperature', '20', '21', '--url', url)).code).toBe(0);
    expect((await run('publish', 'devices/2/temperature', '30', '--url', url)).code).toBe(0);
    const { code, output } = await run('receive', 'averages', '--count', '2', '--for', '18s');
    expect(code).toBe(0);
    const rows = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ device, average, readings }) => ({ device, average, readings }))).toEqual(
      expect.arrayContaining([
        { device: '1', average: 20.5, readings: 2 },
        { device: '2', average: 30, readings: 1 },
      ]),
    );
  });
});

describe('administration', () => {
  it('browse leaves messages where they are; purge and delete show the count', async () => {
    const document = 'apiVersion: millrace.dev/v1\nkind: Address\nmetadata: {name: spare}\nspec: {type: queue}\n';
    const terminal = fakeTerminal({ input: document });
    expect(await main(withServer(['apply', '-f', '-']), terminal)).toBe(0);
    await run('publish', 'spare', 'a', 'b', 'c', '--property', 'k=v');
    const rows = (await run('browse', 'spare', '-o', 'jsonl')).output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ body, properties }) => [body, properties])).toEqual(
      ['a', 'b', 'c'].map((body) => [body, { k: 'v' }]),
    );
    expect((await run('get', 'address', 'spare')).output).toMatch(/^spare +queue +Ready +3 +3 +0 +0 +0$/m);
    expect((await run('purge', 'spare', '--dry-run')).output).toBe('would delete 3 stored messages of spare\n');
    expect((await run('purge', 'spare', '--yes')).output).toBe('deleted 3 messages of spare\n');
    await run('publish', 'spare', 'd');
    expect((await run('delete', 'address', 'spare', '--dry-run')).output).toBe(
      'would delete address spare with 1 stored message\n',
    );
    expect((await run('delete', 'address', 'spare', '--yes')).output).toBe('address/spare deleted\n');
    expect((await run('get', 'address', 'spare')).code).toBe(4);
  });

  it('an address without a document is refused over AMQP: 4', async () => {
    const { code, notes } = await run('publish', 'nowhere', '1');
    expect(code).toBe(4);
    expect(notes).toContain('amqp:not-found');
  });

  it('SQL that is wrong is underlined', async () => {
    const document =
      'apiVersion: millrace.dev/v1\nkind: Job\nmetadata: {name: wrong}\nspec:\n' +
      '  sql: INSERT INTO max SELECT maxx(body) AS body FROM STREAM temperature\n';
    const terminal = fakeTerminal({ input: document });
    expect(await main(withServer(['apply', '-f', '-']), terminal)).toBe(1);
    expect(terminal.notes()).toMatch(/^ {2}1 \| INSERT INTO max SELECT maxx\(body\)/m);
    expect(terminal.notes()).toMatch(/^ {4}\| {24}\^{4}/m);
  });

  it('serve --apply says which document it cannot take, and where', async () => {
    const document =
      'apiVersion: millrace.dev/v1\nkind: Job\nmetadata: {name: wrong}\nspec:\n' +
      '  sql: INSERT INTO max SELECT maxx(body) AS body FROM STREAM temperature\n';
    const terminal = fakeTerminal({ input: document });
    const anyPorts = ['--amqp-port', '0', '--mqtt-port', '0', '--http-port', '0'];
    expect(await main(['serve', ...anyPorts, '--apply', '-'], terminal)).toBe(1);
    expect(terminal.notes()).toContain('job/wrong: the SQL is not valid\n  in standard input:1\n');
    expect(terminal.notes()).toMatch(/^ {4}\| {24}\^{4}/m);
  });

  it('an address that is deleted ends its receiver and leaves no connection', async () => {
    const document = 'apiVersion: millrace.dev/v1\nkind: Address\nmetadata: {name: brief}\nspec: {type: queue}\n';
    expect(await main(withServer(['apply', '-f', '-']), fakeTerminal({ input: document }))).toBe(0);
    const receiver = fakeTerminal();
    const receiving = main(withServer(['receive', 'brief']), receiver);
    await untilReceivers('brief');
    expect((await run('delete', 'address', 'brief', '--yes')).code).toBe(0);
    expect(await receiving).toBe(4);
    expect(receiver.notes()).toContain('the server closed the link: brief: the address was deleted');
    await vi.waitFor(async () => expect((await run('get', 'connections')).output).not.toMatch(/amqp/));
  });

  it('status, describe and connections', async () => {
    const status = await run('status');
    expect(status.code).toBe(0);
    expect(status.output).toContain(`Endpoint:    amqp://127.0.0.1:${ports.amqp}`);
    expect((await run('describe', 'job', 'max-temperature')).output).toContain('INSERT INTO max');
    const receiver = fakeTerminal();
    const receiving = main(withServer(['receive', 'max']), receiver);
    await untilReceivers('max');
    expect((await run('get', 'connections')).output).toMatch(/amqp +millrace-cli-/);
    receiver.interrupt();
    expect(await receiving).toBe(0);
  });
});

describe('demo', () => {
  it.concurrent.each(['amqp', 'mqtt'])('over %s: right windows, numbers as numbers', async (protocol) => {
    const terminal = fakeTerminal();
    const line = ['demo', '--for', '11500ms', '--output', 'json', '--protocol', protocol, ...ANY_PORTS];
    expect(await main(line, terminal)).toBe(0);
    const windows = terminal
      .output()
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(windows.length).toBeGreaterThanOrEqual(2);
    for (const window of windows) {
      expect(Object.keys(window)).toEqual(['window_start', 'window_end', 'max', 'readings']);
      expect(Number.isInteger(window.max)).toBe(true);
      expect(window.readings).toBeGreaterThan(0);
    }
    const bounds = windows.map((window) => [Date.parse(window.window_start), Date.parse(window.window_end)]);
    for (const [index, [start, end]] of bounds.entries()) {
      expect((end ?? 0) - (start ?? 0)).toBe(5000);
      if (index > 0) expect(start).toBe(bounds[index - 1]?.[1]);
    }
    const sent = Number(/Sent (\d+) readings/.exec(terminal.notes())?.[1]);
    expect(windows.reduce((sum, window) => sum + window.readings, 0)).toBeLessThanOrEqual(sent);
  });

  it('a port in use gives one sentence with the port and the flag', async () => {
    for (const protocol of ['amqp', 'mqtt', 'http'] as const) {
      const terminal = fakeTerminal();
      expect(await main(['demo', ...ANY_PORTS, `--${protocol}-port`, ports[protocol]], terminal)).toBe(1);
      expect(terminal.notes()).toBe(
        `millrace: port ${ports[protocol]} is in use; choose another with --${protocol}-port <port>\n`,
      );
    }
  });
});

it("EnMasse's own addresses.json works as it is", async () => {
  const body = await readFile(new URL('../../../addresses/addresses.json', import.meta.url), 'utf8');
  const response = await fetch(`http://127.0.0.1:${ports.http}/v3/address`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(200);
});

/** Until somebody receives from the address: a topic keeps nothing for those who come later. */
async function untilReceivers(address: string): Promise<void> {
  for (;;) {
    const { output } = await run('get', 'address', address, '-o', 'json');
    if (JSON.parse(output).status.statistics.receivers > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
