import { describe, expect, it } from 'vitest';
import { ManualTimers } from '../../../controller/test/support/manual-timers.js';
import { queue } from '../../../controller/test/support/world.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

async function filled(options: Parameters<typeof createHttpWorld>[0] = {}) {
  const world = await createHttpWorld(options);
  for (const name of ['q', 'to', 'small']) {
    await world.controller.put(queue(name, name === 'small' ? { limits: { messages: 2 } } : {}));
  }
  for (let index = 1; index <= 6; index += 1) {
    const body = { body: `m${index}`, subject: index % 2 === 0 ? 'even' : 'odd', properties: { n: String(index) } };
    await world.call('POST', '/v1/addresses/q/messages', { body });
  }
  const bodies = async (name: string) =>
    (await world.call('GET', `/v1/addresses/${name}/messages`)).body.items.map((one: { body: string }) => one.body);
  return { ...world, bodies };
}

describe('browsing', () => {
  it('goes on by cursor, chooses by fields, and tells when there is more', async () => {
    const { call } = await filled();
    const first = await call('GET', '/v1/addresses/q/messages?limit=4');
    expect(first.body.items.map((one: { id: number }) => one.id)).toEqual([1, 2, 3, 4]);
    const rest = await call('GET', `/v1/addresses/q/messages?cursor=${first.body.next}`);
    expect([rest.body.items.length, rest.body.next]).toEqual([2, undefined]);
    const chosen = await call('GET', '/v1/addresses/q/messages?filter=subject=even&filter=properties.n>2&limit=1');
    expect([chosen.body.items.map((one: { body: string }) => one.body), chosen.body.next]).toEqual([
      ['m4'],
      expect.any(String),
    ]);
    expect((await call('GET', '/v1/addresses/q/messages?filter=M6')).body.items).toHaveLength(1);
    for (const query of ['cursor=x', 'filter=colour=red', 'filter=id>x', 'limit=0', 'after=1&after=2']) {
      expect(problemIn(await call('GET', `/v1/addresses/q/messages?${query}`)).slug, query).toBe('invalid-parameter');
    }
  });

  it('shows and deletes one', async () => {
    const { call, messaging, bodies } = await filled();
    expect((await call('GET', '/v1/addresses/q/messages/3')).body).toMatchObject({ id: 3, body: 'm3' });
    expect((await call('DELETE', '/v1/addresses/q/messages/3')).status).toBe(204);
    expect(problemIn(await call('GET', '/v1/addresses/q/messages/3')).slug).toBe('not-found');
    expect(problemIn(await call('DELETE', '/v1/addresses/q/messages/abc')).slug).toBe('not-found');
    const held = messaging.addresses.get('q')!.messages;
    held[0] = { ...held[0]!, inDelivery: true };
    expect(problemIn(await call('DELETE', '/v1/addresses/q/messages/1')).slug).toBe('conflict');
    expect(await bodies('q')).toEqual(['m1', 'm2', 'm4', 'm5', 'm6']);
  });
});

describe('moving', () => {
  it('takes what was chosen, in order, and says how it went', async () => {
    const { call, bodies } = await filled();
    const body = { target: 'to', filter: ['subject=even'], limit: 2 };
    const answer = call('POST', '/v1/addresses/q/messages:move', { body });
    const { status, body: operation } = await answer;
    expect([status, operation]).toMatchObject([
      200,
      { kind: 'move', address: 'q', state: 'done', total: 2, seen: 6, done: 2, skipped: 0, message: '' },
    ]);
    expect([await bodies('q'), await bodies('to')]).toEqual([
      ['m1', 'm3', 'm5', 'm6'],
      ['m2', 'm4'],
    ]);
    expect((await call('GET', `/v1/operations/${operation.id}`)).body).toEqual(operation);
    expect((await call('GET', '/v1/operations?filter=state=done&total=true')).body).toMatchObject({ total: 1 });
    expect((await call('DELETE', `/v1/operations/${operation.id}`)).status).toBe(204);
    expect(problemIn(await call('GET', `/v1/operations/${operation.id}`)).slug).toBe('not-found');
  });

  it('fills a target as far as it goes, and leaves the rest', async () => {
    const { call, bodies } = await filled();
    const answer = call('POST', '/v1/addresses/q/messages:move', { body: { target: 'small' } });
    expect((await answer).body).toMatchObject({ state: 'done', done: 2, skipped: 4, message: 'small is full' });
    expect(await bodies('small')).toEqual(['m1', 'm2']);
  });

  it('is refused to where it makes no sense', async () => {
    const { call } = await filled();
    const move = async (body: object) => problemIn(await call('POST', '/v1/addresses/q/messages:move', { body })).slug;
    expect(await move({ target: 'q' })).toBe('conflict');
    expect(await move({ target: 'nothing' })).toBe('not-found');
    expect(await move({})).toBe('invalid-document');
    expect(await move({ target: 'to', filter: ['colour=red'] })).toBe('invalid-parameter');
  });

  it('goes no faster than asked for, can be looked at and stopped', async () => {
    const timers = new ManualTimers();
    const { call, bodies } = await filled({ timers });
    const path = '/v1/addresses/q/messages:move?wait=0';
    const answer = call('POST', path, { body: { target: 'to', rate: 8 } });
    await timers.advance(0);
    const { status, headers, body: operation } = await answer;
    expect([status, headers.get('location'), operation.state]).toEqual([
      202,
      `/v1/operations/${operation.id}`,
      'running',
    ]);
    expect(problemIn(await call('POST', path, { body: { target: 'to' } })).slug).toBe('conflict');
    await timers.advance(250);
    expect(await bodies('to')).toEqual(['m1', 'm2', 'm3', 'm4']);
    await call('DELETE', `/v1/operations/${operation.id}`);
    await timers.advance(1000);
    expect((await call('GET', `/v1/operations/${operation.id}`)).body).toMatchObject({ state: 'cancelled', done: 4 });
  });

  it('sends dead letters back to where they came from', async () => {
    const { call, messaging, bodies } = await filled();
    const letters = messaging.addresses.get('small')!.messages;
    const letter = messaging.addresses.get('q')!.messages[0]!;
    letters.push(
      { ...letter, address: 'to' },
      { ...letter, id: 2, address: 'gone' },
      { ...letter, id: 3, address: 'small' },
    );
    const answer = call('POST', '/v1/addresses/small/messages:redrive', { body: {} });
    expect((await answer).body).toMatchObject({
      kind: 'redrive',
      state: 'done',
      done: 1,
      skipped: 2,
      message: expect.stringMatching(/gone.*; .*small itself|small itself.*; .*gone/),
    });
    expect([await bodies('to'), letters.length]).toEqual([['m1'], 2]);
  });
});

describe('Idempotency-Key', () => {
  it('does a request once, and refuses another one under the same key', async () => {
    const { call, messaging } = await filled();
    const send = (body: string, key: string) =>
      call('POST', '/v1/addresses/to/messages', { body: { body }, headers: { 'idempotency-key': key } });
    const [first, second] = await Promise.all([send('x', 'k'), send('x', 'k')]);
    expect([first.body, second.body, messaging.addresses.get('to')!.messages.length]).toEqual([
      { sent: 1 },
      { sent: 1 },
      1,
    ]);
    expect(problemIn(await send('y', 'k')).slug).toBe('idempotency-mismatch');
    expect((await send('x', 'other')).status).toBe(200);
    expect(problemIn(await send('x', '')).slug).toBe('invalid-parameter');
    messaging.fault = (request) => {
      if (request === 'send to') throw new Error('away');
    };
    expect((await send('z', 'again')).status).toBe(503);
    messaging.fault = () => {};
    expect((await send('z', 'again')).status).toBe(200);
    expect(messaging.addresses.get('to')!.messages).toHaveLength(3);
  });
});
