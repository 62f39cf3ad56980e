/** Jobs over the columns of an address' schema: on the broker, with bodies that are no rows among them. */
import { dataBody, decodeMapSection, encodeMessage, Typed, valueBody } from '@millrace/amqp';
import { MessageFormat } from '@millrace/broker';
import type { Catalogue } from '@millrace/sql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readableMessage } from '../../src/translate/readable-message.js';
import { START } from './job-fixture.js';
import { message, Plant, text } from './plant.js';

let plant: Plant;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
  plant = new Plant();
  plant.journal.fails = () => false;
  plant.broker.declare('readings', { type: 'queue', deadLetter: 'unreadable' });
  plant.broker.declare('max', { type: 'queue' });
});
afterEach(() => {
  plant.plane.close();
  vi.useRealTimers();
  expect(plant.faults).toEqual([]);
});

const columns = [
  { name: 'device', type: { name: 'STRING' } },
  { name: 'celsius', type: { name: 'DOUBLE' } },
  { name: 'at', type: { name: 'TIMESTAMP' } },
] as const;
const json: Catalogue = { columns: { readings: columns }, schemas: { readings: { format: 'json' } } };
const csv: Catalogue = { columns: { readings: columns }, schemas: { readings: { format: 'csv' } } };

const MAX = `INSERT INTO max SELECT concat_ws(':', CAST(count(*) AS STRING), CAST(CAST(max(celsius) AS INT) AS STRING)) AS body
  FROM STREAM readings WHERE device IS NOT NULL GROUP BY window(time, '5 seconds')`;

function durable(body: string): ReturnType<typeof text> {
  return Object.assign(text(body), { durable: true });
}

/** Address, body and reason of what lies there. */
function deadLetters(queue = 'unreadable') {
  return (plant.broker.browse(queue, { limit: 100 }) ?? [])
    .map(readableMessage)
    .map(({ address, body, properties }) => [address, body, properties['x-opt-dead-letter-reason']]);
}

test('reads JSON of either protocol, whatever way it came', async () => {
  await plant.deploy(MAX, 'job', json);
  plant.send(
    'readings',
    text('{"device":"a","celsius":20.5}'),
    text('{"celsius":21,"device":"b","more":[1,{"celsius":99}]}'),
    message(MessageFormat.amqp, encodeMessage({ body: valueBody('{"device":"c","celsius":22}') })),
    message(MessageFormat.amqp, encodeMessage({ body: dataBody(Buffer.from('{"device":"d","celsius":23.9}')) })),
    // No device, no value, no body: NULL, and WHERE leaves them out.
    text('{"celsius":50}'),
    text('{"device":null,"celsius":50}'),
    text(''),
    message(MessageFormat.amqp, encodeMessage({ body: valueBody(null) })),
  );
  plant.pass(6000);
  expect(plant.stored('max')).toEqual(['4:23']);
  expect(plant.plane.observe('job')).toMatchObject({ rowsIn: 8, rowsFailed: 0, warnings: [] });
});

test('reads CSV', async () => {
  await plant.deploy(MAX, 'job', csv);
  plant.send('readings', text('a,20.5,2026-11-24 10:00:00'), text('"b",21,'), text(',50,'), text('c,x,'), text('d,7'));
  plant.pass(6000);
  expect(plant.stored('max')).toEqual(['2:21']);
  expect(deadLetters()).toEqual([
    ['readings', 'c,x,', '"x" is no DOUBLE for the column celsius'],
    ['readings', 'd,7', 'the body is no CSV record of 3 values'],
  ]);
});

describe('a body that is no row', () => {
  const bad = ['{"device":"a","celsius":"hot"}', 'not JSON', '{"device":"a","celsius":21', '[]'];

  test('goes to the dead letters with its reason, is counted and shown, and the job goes on', async () => {
    await plant.deploy(MAX, 'job', json);
    plant.send('readings', text('{"device":"a","celsius":20}'), ...bad.map(text), text('{"device":"b","celsius":21}'));
    plant.pass(6000);
    expect(plant.stored('max')).toEqual(['2:21']);
    expect(deadLetters()).toEqual([
      ['readings', bad[0], '"hot" is no DOUBLE for the column celsius'],
      ['readings', bad[1], 'the body is no JSON object, at byte 0: "not JSON"'],
      ['readings', bad[2], 'the body is no JSON object: it ends too early'],
      ['readings', bad[3], 'the body is no JSON object, at byte 0: "[]"'],
    ]);
    expect(plant.broker.address('readings')).toMatchObject({ stored: 0, counters: { deadLettered: 4, dropped: 0 } });
    expect(plant.plane.observe('job')).toMatchObject({
      phase: 'Running',
      rowsIn: 2,
      rowsFailed: 4,
      warnings: [
        '4 messages are no rows of the schema and are among the dead letters, with the reason; the last: ' +
          'the body is no JSON object, at byte 0: "[]"',
      ],
    });
  });

  test('goes there when it is all that a batch has', async () => {
    await plant.deploy(MAX, 'job', json);
    plant.send('readings', text('x'));
    plant.pass(100);
    expect(deadLetters()).toHaveLength(1);
    expect(plant.plane.observe('job')).toMatchObject({ rowsIn: 0, rowsFailed: 1, openWindows: 0 });
  });

  test('is judged by the columns that the job reads', async () => {
    await plant.deploy('INSERT INTO max SELECT device AS body FROM STREAM readings', 'job', json);
    plant.send('readings', text('{"device":"7","celsius":"hot"}'), text('{"device":"8","at":{}}'));
    plant.pass(100);
    expect(plant.stored('max')).toEqual(['7', '8']);
    expect(deadLetters()).toEqual([]);
  });

  test('is a message like others to a job that reads none of the columns', async () => {
    await plant.deploy('INSERT INTO max SELECT body FROM STREAM readings', 'job', json);
    plant.send('readings', text('7'));
    plant.pass(100);
    expect(plant.stored('max')).toEqual(['7']);
  });

  test('of an AMQP message keeps its annotations and properties beside the reason', async () => {
    await plant.deploy(MAX, 'job', json);
    const sent = encodeMessage({
      messageAnnotations: { 'x-opt-mqtt-qos': new Typed('ubyte', 1) },
      properties: { subject: 'kitchen' },
      applicationProperties: { unit: 'C' },
      body: valueBody('hot'),
    });
    const made = message(MessageFormat.amqp, sent);
    // As a listener has it: annotations before the bare message.
    made.split = sent.indexOf(Buffer.from([0x00, 0x53, 0x73]));
    plant.send('readings', made);
    plant.pass(100);
    const [found] = plant.broker.browse('unreadable', { limit: 1 })!;
    const { bytes, start, split, end } = found!.message;
    expect(decodeMapSection(bytes, start, split)).toMatchObject({
      'x-opt-dead-letter-reason': 'the body is no JSON object, at byte 0: "hot"',
    });
    expect(bytes.subarray(start, split).includes(Buffer.from([0x50, 1]))).toBe(true);
    expect(bytes.subarray(split, end).equals(sent.subarray(made.split))).toBe(true);
    expect(readableMessage(found!)).toMatchObject({ subject: 'kitchen', properties: { unit: 'C' } });
  });

  test('is there once when the commit fails and is tried again', async () => {
    plant.journal.fails = (commit) => commit % 2 === 0;
    await plant.deploy(MAX, 'job', json);
    for (let n = 0; n < 20; n++) {
      plant.send('readings', durable(`{"device":"a","celsius":${n}}`), durable(`bad ${n}`));
      plant.pass(7);
    }
    plant.pass(30_000);
    expect(plant.journal.failures).toBeGreaterThan(3);
    expect(deadLetters().map(([, body]) => body)).toEqual(Array.from({ length: 20 }, (_, n) => `bad ${n}`));
    expect(plant.stored('max')).toEqual(['20:19']);
  });

  test('comes again, and is not lost, when the job is removed before its commit', async () => {
    await plant.deploy(MAX, 'job', json);
    plant.pass(100);
    plant.send('readings', durable('bad'));
    // Stored; the job has read it, and its commit fails.
    plant.journal.fails = (commit) => commit > 1;
    plant.pass(100);
    expect(plant.journal.failures).toBeGreaterThan(0);
    await plant.plane.remove('job');
    plant.journal.fails = () => false;
    plant.pass(10_000);
    expect([deadLetters(), plant.broker.address('readings')?.stored]).toEqual([[], 1]);
    await plant.deploy(MAX, 'next', json);
    plant.pass(100);
    expect([deadLetters().length, plant.broker.address('readings')?.stored]).toEqual([1, 0]);
  });
});

test('a job that reads of a topic leaves the message to the other subscriptions', async () => {
  plant.broker.declare('plant', { type: 'topic', deadLetter: 'unreadable' });
  const catalogue: Catalogue = { columns: { plant: columns }, schemas: { plant: { format: 'json' } } };
  const sql = 'INSERT INTO max SELECT CAST(CAST(celsius AS INT) AS STRING) AS body FROM STREAM plant';
  await plant.deploy(sql, 'job', catalogue);
  await plant.deploy('INSERT INTO max SELECT body FROM STREAM plant', 'copy');
  plant.pass(10);
  plant.send('plant', text('{"celsius":7}'), text('x:9'));
  plant.pass(100);
  const copies = plant.broker.browse('max', { limit: 9 })!.map((one) => readableMessage(one).body);
  expect(copies.sort()).toEqual(['7', 'x:9', '{"celsius":7}']);
  expect(deadLetters()).toHaveLength(1);
});

test('the same text over another schema is another job', async () => {
  const sql = 'INSERT INTO max SELECT CAST(CAST(celsius AS INT) AS STRING) AS body FROM STREAM readings';
  await plant.deploy(sql, 'job', json);
  plant.send('readings', text('{"celsius":7}'));
  plant.pass(100);
  await plant.deploy(sql, 'job', csv);
  plant.send('readings', text('a,8,'));
  plant.pass(100);
  expect([plant.stored('max'), deadLetters()]).toEqual([['7', '8'], []]);
});

test('windows over the event time of the schema close by its delay, without WATERMARK in the text', async () => {
  const eventTime = { column: 'at', delayUs: 10_000_000 };
  const catalogue: Catalogue = { columns: { readings: columns }, schemas: { readings: { format: 'json', eventTime } } };
  const sql = `INSERT INTO max SELECT concat_ws(':', CAST(minute(window.start) AS STRING), CAST(count(*) AS STRING)) AS body
    FROM STREAM readings GROUP BY window(at, '1 minute')`;
  await plant.deploy(sql, 'job', catalogue);
  const at = (second: number) => text(`{"at":"${new Date(START + second * 1000).toISOString()}"}`);
  plant.send('readings', at(5), at(59), at(65), at(8), at(70), at(30), at(131));
  plant.pass(100);
  // 8 was in time; at 70 the watermark reached the first minute's end, and 30 is late; 131 closes the second.
  expect(plant.stored('max')).toEqual(['0:3', '1:2']);
  expect(plant.plane.observe('job')).toMatchObject({ rowsLate: 1, rowsFailed: 0 });
});
