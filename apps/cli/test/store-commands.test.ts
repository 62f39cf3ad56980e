import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encoder, encodeMessage, valueBody } from '@millrace/amqp';
import { Broker, Message, MessageFormat, Recovery, TAKING_BACK } from '@millrace/broker';
import { DiskJournal } from '@millrace/journal';
import { afterEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { fakeTerminal } from './fake-terminal.js';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  directories.push(directory);
  return directory;
}

function amqpMessage(address: string, body: string): Message {
  const message = new Message();
  const properties = { subject: `about ${body}`, messageId: `m-${body}` };
  message.bytes = encodeMessage(
    { properties, applicationProperties: { site: 'north' }, body: valueBody(body) },
    new Encoder(),
  );
  return finished(message, address);
}

function mqttMessage(address: string, payload: Buffer): Message {
  const message = new Message();
  message.format = MessageFormat.mqtt;
  message.bytes = payload;
  message.qos = 1;
  return finished(message, address);
}

function finished(message: Message, address: string): Message {
  message.address = address;
  message.end = message.bytes.length;
  message.durable = true;
  return message;
}

interface OpenStore {
  readonly broker: Broker;
  send(message: Message): void;
  turn(): Promise<void>;
  close(): Promise<void>;
}

/** A broker on a store, as the server has it. */
async function openStore(directory: string): Promise<OpenStore> {
  const recovery = new Recovery();
  const journal = await DiskJournal.open({ directory, owner: recovery, reserveTypes: TAKING_BACK, segmentBytes: 4096 });
  let scheduled = false;
  const broker = new Broker({
    journal,
    recovery,
    now: () => Date.UTC(2026, 10, 24, 12),
    scheduleCommit: () => {
      scheduled = true;
    },
  });
  const turn = async (): Promise<void> => {
    let durable = false;
    broker.whenDurable(() => {
      durable = true;
    });
    while (scheduled || !durable) {
      scheduled = false;
      broker.commitPending();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    broker,
    turn,
    send(message) {
      const sender = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };
      const producer = broker.openProducer(message.address, sender);
      if (typeof producer === 'string') throw new Error(producer);
      producer.send(message, 0);
    },
    async close() {
      await turn();
      await journal.close();
    },
  };
}

/** Two messages, one of them settled, a document, and the state of a job. */
async function store(messages = 2): Promise<string> {
  const directory = temporaryDirectory();
  const { broker, close, send, turn } = await openStore(directory);
  broker.declare('readings', { type: 'queue' });
  for (let number = 0; number < messages; number++) {
    send(
      number % 2 === 0 ? amqpMessage('readings', `${number}`) : mqttMessage('readings', Buffer.from([0xff, number])),
    );
    await turn();
  }
  broker.keep('document', 'Address/readings', Buffer.from('{"kind":"Address","metadata":{"name":"readings"}}'));
  broker.keep('state', 'job', Buffer.from([1, 2, 3, 0xff]));
  await turn();
  broker.purge('readings');
  await close();
  return directory;
}

async function run(line: readonly string[], options: Parameters<typeof fakeTerminal>[0] = {}) {
  const terminal = fakeTerminal(options);
  const code = await main(line, terminal);
  return { code, output: terminal.output(), notes: terminal.notes(), bytes: terminal.bytes() };
}

function damage(directory: string, name = '0000000001.log', at = 512 + 60): void {
  const bytes = readFileSync(join(directory, name));
  bytes[at]! ^= 1;
  writeFileSync(join(directory, name), bytes);
}

describe('store check', () => {
  it('of a sound store: a table of its files', async () => {
    const directory = await store(30);
    const { code, notes, output } = await run(['store', 'check', '--data', directory]);
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^FILE +USE +BATCHES +RECORDS +USED +SIZE$/);
    expect(lines[1]).toMatch(/^0000000001\.log {2}log +\d+ +\d+ +\d\.\d KiB {2}4\.0 KiB$/);
    expect(lines.at(-2)).toMatch(/^\d{10}\.log {2}free +0 +0 +0 bytes {2}4\.0 KiB$/);
    expect(lines.at(-1)).toMatch(/^sound: \d+ records in \d+ batches, [2-9] of \d+ files in use$/);
    expect([code, notes]).toEqual([0, '']);
  });

  it('as JSON, with the directory as argument', async () => {
    const directory = await store();
    const { code, output } = await run(['store', 'check', directory, '-o', 'json']);
    expect(JSON.parse(output)).toMatchObject({ directory, sound: true, records: 6, damage: null });
    expect(code).toBe(0);
  });

  it('of a damaged one: 1, file and offset, and what to do', async () => {
    const directory = await store();
    damage(directory);
    const { code, notes, output } = await run(['store', 'check', directory, '-o', 'json']);
    expect(JSON.parse(output)).toMatchObject({
      sound: false,
      records: 0,
      damage: { file: '0000000001.log', offset: 512, message: expect.stringContaining('damaged at offset 512') },
    });
    expect(notes).toContain(`millrace: the store in ${directory} is damaged: 0000000001.log is damaged at offset 512`);
    expect(notes).toContain(`try: millrace store repair --data ${directory} --dry-run`);
    expect(code).toBe(1);
  });
});

describe('what is refused, by every command on a store', () => {
  it.each(['check', 'dump', 'repair'])('%s', async (command) => {
    const missing = join(temporaryDirectory(), 'missing');
    expect(await run(['store', command, missing])).toMatchObject({
      code: 4,
      notes: expect.stringContaining('is not there'),
    });
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(await run(['store', command, file])).toMatchObject({
      code: 4,
      notes: expect.stringContaining('is no directory'),
    });
    const other = temporaryDirectory();
    writeFileSync(join(other, 'letter.txt'), 'dear reader');
    expect(await run(['store', command, other])).toMatchObject({
      code: 4,
      output: '',
      notes: expect.stringContaining('holds no store'),
    });
    expect(readdirSync(other)).toEqual(['letter.txt']);
    const open = temporaryDirectory();
    const opened = await openStore(open);
    expect(await run(['store', command, open])).toMatchObject({
      code: 5,
      notes: expect.stringContaining(`is in use by process ${process.pid}`),
    });
    await opened.close();
    expect(await run(['store', command])).toMatchObject({ code: 2, notes: expect.stringContaining('--data') });
    expect(await run(['store', command, open, '--data', other])).toMatchObject({ code: 2 });
  });

  it('a store of a newer version, by name', async () => {
    const directory = await store();
    const { crc32 } = await import('node:zlib');
    const path = join(directory, '0000000001.log');
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 508)), 508);
    writeFileSync(path, bytes);
    const { code, notes } = await run(['store', 'check', directory]);
    expect(notes).toMatch(/0000000001\.log in .* is of format version 2; this program knows 1 and older ones/);
    expect(code).toBe(1);
  });
});

describe('store dump', () => {
  it('prints a line a record', async () => {
    const directory = await store();
    const { code, notes, output } = await run(['store', 'dump', '--data', directory]);
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^0000000001\.log:\d+ +/, ''));
    expect(lines).toEqual([
      expect.stringMatching(
        /^message {9}readings, \d+ bytes of AMQP, 2026-11-24T12:00:00.000Z, id m-0, subject about 0, held by store 1 #1$/,
      ),
      'store           1 is queue readings',
      'message         readings, 2 bytes of MQTT, 2026-11-24T12:00:00.000Z, held by readings #2',
      'kept            document Address/readings, 49 bytes',
      'kept            state job, 4 bytes',
      'settled         readings 1-2',
    ]);
    expect([code, notes]).toEqual([0, '']);
  });

  it('with bodies', async () => {
    const { output } = await run(['store', 'dump', await store(), '--bodies']);
    expect(output).toContain('subject about 0, body "0", held by');
    expect(output).toContain('body base64:/wE=');
    expect(output).toContain('document Address/readings, 49 bytes, {"kind":"Address","metadata":{"name":"readings"}}');
  });

  it('as JSON lines, bodies only when asked for', async () => {
    const directory = await store();
    const plain = await run(['store', 'dump', directory, '-o', 'jsonl']);
    const records = plain.output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records[0]).toEqual({
      file: '0000000001.log',
      offset: 565,
      batch: 1,
      recordBytes: expect.any(Number),
      kind: 'message',
      address: 'readings',
      protocol: 'amqp',
      bytes: expect.any(Number),
      time: '2026-11-24T12:00:00.000Z',
      durable: true,
      priority: 4,
      qos: 0,
      subject: 'about 0',
      messageId: 'm-0',
      properties: { site: 'north' },
      holders: [{ store: 1, sequence: 1, failedDeliveries: 0 }],
    });
    expect(records[1]).toMatchObject({ kind: 'store', store: 1, of: 'queue', name: 'readings' });
    expect(records[3]).toMatchObject({
      kind: 'kept',
      of: 'document',
      key: 'Address/readings',
      value: { kind: 'Address' },
    });
    expect(records[4]).not.toHaveProperty('value');
    expect(records[5]).toMatchObject({ kind: 'settled', store: 1, ranges: [[1, 2]] });
    const full = await run(['store', 'dump', directory, '-o', 'jsonl', '--bodies']);
    const withBodies = full.output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(withBodies[0]).toMatchObject({ body: '0' });
    expect(withBodies[2]).toMatchObject({ body: '/wE=', bodyEncoding: 'base64' });
    expect(withBodies[4]).toMatchObject({ value: 'AQID/w==', valueEncoding: 'base64' });
  });

  it('of a damaged store: the records before the damage, then 1', async () => {
    const directory = await store(30);
    damage(directory, '0000000002.log', 512 + 100);
    const { code, notes, output } = await run(['store', 'dump', directory]);
    expect(output.trimEnd().split('\n').length).toBeGreaterThan(5);
    expect(notes).toContain('0000000002.log is damaged at offset 512');
    expect(code).toBe(1);
  });

  it('records that no broker of this version wrote are shown as such', async () => {
    const directory = temporaryDirectory();
    const owner = { replay: () => {}, rewrite: () => {} };
    const journal = await DiskJournal.open({ directory, owner, segmentBytes: 4096 });
    journal.append(200, Buffer.from('new'), 0, 3);
    journal.append(1, Buffer.from('cut'), 0, 3);
    await new Promise((resolve) => journal.commit(resolve));
    await journal.close();
    const { code, output } = await run(['store', 'dump', directory]);
    expect(output).toMatch(/unknown {9}a record of type 200, which this version does not know\n/);
    expect(output).toMatch(/unreadable {6}type 1: a record of the broker ends too early\n/);
    expect(code).toBe(0);
    const json = await run(['store', 'dump', directory, '-o', 'jsonl']);
    expect(json.output).toContain('"kind":"unreadable","reason":"a record of the broker ends too early","type":1}');
  });
});

describe('store repair', () => {
  it('of a sound store does nothing', async () => {
    const { code, output } = await run(['store', 'repair', await store()]);
    expect([code, output]).toEqual([0, expect.stringContaining('is sound: there is nothing to repair')]);
  });

  it('says what it costs, asks, and says what it did', async () => {
    const directory = await store(30);
    damage(directory, '0000000002.log', 512 + 100);
    const before = readFileSync(join(directory, '0000000002.log'));
    const cost = /lose \d+ whole records of \d+ batches behind the damage, and leave \d+ records/;
    const dry = await run(['store', 'repair', directory, '--dry-run']);
    expect([dry.code, dry.output]).toEqual([0, expect.stringMatching(cost)]);
    const nobody = await run(['store', 'repair', directory]);
    expect([nobody.code, nobody.notes]).toEqual([2, expect.stringMatching(cost)]);
    const refused = await run(['store', 'repair', directory], { isTerminal: true, input: 'n\n' });
    expect([refused.code, refused.notes]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
    expect(readFileSync(join(directory, '0000000002.log')).equals(before)).toBe(true);
    expect(existsSync(join(directory, 'before-repair-1'))).toBe(false);
    const done = await run(['store', 'repair', directory], { isTerminal: true, input: 'y\n' });
    expect(done.code).toBe(0);
    expect(done.output).toMatch(/^repaired [\s\S]*copies: +.*before-repair-1\n[\s\S]*lost: +\d+ whole records/);
    expect(readFileSync(join(directory, 'before-repair-1', '0000000002.log')).equals(before)).toBe(true);
    expect((await run(['store', 'check', directory])).code).toBe(0);
    await (await openStore(directory)).close();
  });
});
