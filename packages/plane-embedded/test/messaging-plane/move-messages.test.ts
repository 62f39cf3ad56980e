/** Moving on a real journal: what a crash leaves is at one of the two places, once. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDocument, type DesiredAddress } from '@millrace/contract';
import { OPEN_AUTHORIZER } from '@millrace/security';
import { afterEach, describe, expect, test } from 'vitest';
import { EmbeddedPlane } from '../../src/embedded-plane.js';
import { openStore } from '../../src/store.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-move-'));
  ends.push(async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(directory?: string) {
  const store = directory === undefined ? {} : { store: await openStore({ directory, log: () => {} }) };
  const faults: unknown[] = [];
  const plane = new EmbeddedPlane({
    ...{ host: '127.0.0.1', amqpPort: 0, mqttPort: 0, authorizer: OPEN_AUTHORIZER, services: new Map() },
    ...store,
    onFault: (error) => faults.push(error),
  });
  ends.push(async () => {
    await plane.stop('the test is over');
    expect(faults).toEqual([]);
  });
  const { messaging } = plane;
  const declare = (name: string, spec: object) => {
    const document = { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name }, spec };
    const checked = checkDocument(document);
    if (!checked.ok) throw new Error(JSON.stringify(checked.details));
    return messaging.declareAddress(name, (checked.value as DesiredAddress).spec);
  };
  const bodies = async (name: string) =>
    (await messaging.browse(name, { limit: 1000, after: 0 })).map((message) => message.body);
  const send = (name: string, body: string) =>
    messaging.send(name, { body: Buffer.from(body), binary: false, durable: true, messageId: body });
  return { plane, messaging, declare, bodies, send };
}

describe('moved messages', () => {
  test('are at one place after a crash, however far the moving was', async () => {
    const directory = temporaryDirectory();
    const before = await start(directory);
    await before.declare('from', { type: 'queue' });
    await before.declare('to', { type: 'queue', deduplication: {} });
    const all = Array.from({ length: 30 }, (_, index) => `m${String(index).padStart(2, '0')}`);
    for (const body of all) await before.send('from', body);
    const copies: string[] = [];
    for (let first = 1; first <= 30; first += 15) {
      const ids = Array.from({ length: 15 }, (_, index) => first + index);
      const moving = before.messaging.moveMessages(
        'from',
        ids.map((id) => ({ id, target: 'to' })),
      );
      // One copy while the batch is on its way, one when it was answered.
      for (const wait of [undefined, moving]) {
        await wait;
        const copy = temporaryDirectory();
        for (const file of readdirSync(directory)) {
          if (file.endsWith('.log')) cpSync(join(directory, file), join(copy, file));
        }
        copies.push(copy);
      }
    }
    for (const [index, copy] of copies.entries()) {
      const after = await start(copy);
      await after.declare('from', { type: 'queue' });
      await after.declare('to', { type: 'queue', deduplication: {} });
      const [left, moved] = [await after.bodies('from'), await after.bodies('to')];
      expect([...moved, ...left]).toEqual(all);
      if (index % 2 === 1) expect(moved.length).toBe(((index + 1) * 15) / 2);
    }
  });

  test('go to a subscription, and not to where they would be gone', async () => {
    const { messaging, declare, send, bodies } = await start();
    await declare('from', { type: 'queue' });
    await declare('topic', { type: 'topic' });
    await declare('direct', { type: 'multicast' });
    await send('from', 'a');
    const move = (target: string) => messaging.moveMessages('from', [{ id: 1, target }]);
    await expect(move('topic')).rejects.toMatchObject({
      reason: 'Conflict',
      message: expect.stringContaining('topic'),
    });
    await expect(move('direct')).rejects.toMatchObject({ reason: 'Conflict' });
    await expect(move('from')).rejects.toMatchObject({ reason: 'Invalid' });
    await expect(move('nothing')).rejects.toMatchObject({ reason: 'NotFound' });
    expect([await bodies('from'), messaging.lastMessageId('from'), messaging.lastMessageId('topic')]).toEqual([
      ['a'],
      1,
      undefined,
    ]);
    expect([await messaging.deleteMessages('from', [1, 2]), await bodies('from')]).toEqual([1, []]);
  });
});
