/** Who gets in over MQTT, and what becomes of those who are in when their rights change. */
import { type ConnectPacket, ReasonCode } from '@millrace/mqtt';
import { describe, expect, test } from 'vitest';
import { CrashingJournal } from '../support/crashing-journal.js';
import { FakeAccess, type FakeAccessOptions } from '../support/fake-access.js';
import { Client, Plane, restart } from './support/plane.js';

const ann = { username: 'ann', password: Buffer.from('secret') };
const bob = { username: 'bob', password: Buffer.from('hidden') };
const stays = { cleanStart: false, properties: { sessionExpiryInterval: 3_600 } };

function start(options?: FakeAccessOptions): { plane: Plane; access: FakeAccess } {
  const access = new FakeAccess(options);
  const plane = new Plane({ access, authorizer: access });
  access.onChange(() => recheck(plane));
  return { plane, access };
}

/** As the listener does. */
function recheck(plane: Plane): void {
  for (const client of plane.clients) if (!client.closed) client.protocol.recheck?.();
}

const will = (topic: string): ConnectPacket['will'] => ({
  topic,
  payload: Buffer.from('gone'),
  qos: 1,
  retain: true,
  properties: {},
});

describe('a client of MQTT', () => {
  test.each([
    [5, ann, 0],
    [4, ann, 0],
    [5, { ...ann, password: Buffer.from('wrong') }, 0x86],
    [4, { ...ann, password: Buffer.from('wrong') }, 0x86],
    [5, { username: 'eve', password: Buffer.from('x') }, 0x86],
    [5, { username: 'ann' }, 0x86],
    [5, {}, 0x87],
    [4, {}, 0x87],
  ] as const)('of level %i with %o is answered %i', async (protocolVersion, credentials, reasonCode) => {
    const { plane, access } = start();
    const client = await plane.connect('c', { protocolVersion, ...credentials });
    expect([client.connack?.reasonCode, client.closed]).toEqual([reasonCode, reasonCode !== 0]);
    expect(access.origins).toEqual([{ protocol: 'mqtt', host: '127.0.0.1', encrypted: false, clientId: 'c' }]);
    expect(plane.protocol.counters.authenticationsFailed).toBe(reasonCode === 0 ? 0 : 1);
  });

  test('that does not wait for CONNACK is heard once it is known, and not before', async () => {
    const { plane, access } = start();
    const watcher = await plane.connect('w', bob);
    await watcher.subscribe('t');
    access.holds = true;
    const client = new Client(plane, 'c', ann);
    // PUBLISH of QoS 0 to t, in one piece with CONNECT.
    client.raw(Buffer.from('30050001740079', 'hex'));
    await plane.settle();
    expect([client.paused, client.connack, watcher.texts]).toEqual([true, undefined, []]);
    access.letGo();
    await plane.settle();
    expect([client.paused, client.connack?.reasonCode, watcher.texts]).toEqual([false, 0, ['y']]);
  });

  test('that is gone before it is known leaves nothing behind', async () => {
    const { plane, access } = start();
    access.holds = true;
    const client = await plane.connect('c', { ...ann, will: will('w') });
    await client.cut();
    access.letGo();
    await plane.settle();
    expect([plane.protocol.sessions, plane.protocol.counters.willsSent]).toEqual([0, 0]);
  });

  test('has only so long', async () => {
    const { plane, access } = start();
    access.holds = true;
    const client = await plane.connect('c', ann);
    await plane.pass(1);
    await plane.pass(11);
    expect([client.closed, client.connack?.reasonCode]).toEqual([true, ReasonCode.maximumConnectTime]);
    access.letGo();
    await plane.settle();
    expect(plane.protocol.sessions).toBe(0);
  });

  test.each([4, 5] as const)('is told when there is too much to do: level %i', async (protocolVersion) => {
    const { plane, access } = start();
    access.isBusy = true;
    const client = await plane.connect('c', { ...ann, protocolVersion });
    expect(client.connack?.reasonCode).toBe(protocolVersion === 5 ? ReasonCode.serverBusy : 0x88);
  });

  test('is a user by its certificate', async () => {
    const { plane, access } = start();
    const certificate = { commonName: 'ann', alternativeNames: [], fingerprint256: 'AA' };
    const client = await plane.connect('c', { certificate });
    expect(client.protocol.observe('x')?.user).toBe('ann');
    const origin = { protocol: 'mqtt', host: '127.0.0.1', encrypted: false, clientId: 'c', certificate };
    expect(access.origins).toEqual([origin]);
    const stranger = await plane.connect('d', { certificate: { ...certificate, commonName: 'eve' } });
    expect(stranger.connack?.reasonCode).toBe(0x87);
    // A password says more than a certificate.
    const other = await plane.connect('e', { certificate, ...bob });
    expect(other.protocol.observe('x')?.user).toBe('bob');
  });

  test('may not leave a will where it may not send', async () => {
    const { plane, access } = start();
    access.forbidden.add('ann send w');
    const client = await plane.connect('c', { ...ann, will: will('w') });
    expect(client.connack?.reasonCode).toBe(0x87);
    const old = await plane.connect('c', { ...ann, protocolVersion: 4, will: will('w') });
    expect(old.connack?.reasonCode).toBe(0x87);
    expect(plane.protocol.sessions).toBe(0);
  });

  test.each([true, false])('does not get the session of another user: clean start %s', async (cleanStart) => {
    const { plane } = start();
    const first = await plane.connect('c', { ...ann, ...stays });
    await first.subscribe('t', { qos: 1 });
    const other = await plane.connect('c', { ...bob, cleanStart });
    expect([other.connack?.reasonCode, first.closed]).toEqual([0x87, false]);
    await first.cut();
    expect((await plane.connect('c', { ...bob, cleanStart })).connack?.reasonCode).toBe(0x87);
    expect((await plane.connect('c', { ...ann, ...stays })).connack?.sessionPresent).toBe(true);
  });

  test('with a CONNECT that is too large is not read further', async () => {
    const { plane } = start();
    const userProperties = Array.from({ length: 10 }, (): [string, string] => ['name', 'x'.repeat(60_000)]);
    const client = await plane.connect('c', { ...ann, properties: { userProperties } });
    expect([client.closed, client.connack]).toEqual([true, undefined]);
  });
});

describe('extended authentication', () => {
  const method = (name: string, properties = {}) => ({
    properties: { authenticationMethod: 'STEPS', authenticationData: Buffer.from(`n=${name}`), ...properties },
  });

  const authOf = (client: Client) => client.auths.at(-1);
  const answer = (client: Client, password: string, more = {}): void => {
    client.engine.authenticate({
      reasonCode: ReasonCode.continueAuthentication,
      properties: { authenticationMethod: 'STEPS', authenticationData: Buffer.from(`nonce ${password}`), ...more },
    });
  };

  test('lets in step by step, and CONNACK has the last word', async () => {
    const { plane } = start();
    const client = await plane.connect('c', method('ann'));
    expect(client.connack).toBeUndefined();
    expect(authOf(client)).toMatchObject({
      reasonCode: ReasonCode.continueAuthentication,
      properties: { authenticationMethod: 'STEPS', authenticationData: Buffer.from('nonce') },
    });
    answer(client, 'secret');
    await plane.settle();
    expect(client.connack).toMatchObject({
      reasonCode: 0,
      properties: { authenticationMethod: 'STEPS', authenticationData: Buffer.from('v=ann') },
    });
    expect(client.protocol.observe('x')?.user).toBe('ann');
  });

  test.each([
    ['a wrong answer', (client: Client) => answer(client, 'wrong'), 0x87],
    ['another method', (client: Client) => answer(client, 'secret', { authenticationMethod: 'PLAIN' }), 0x82],
    ['another packet', (client: Client) => client.raw(Buffer.from([0xc0, 0])), 0x82],
  ])('does not let in after %s', async (_name, act, reasonCode) => {
    const { plane } = start();
    const client = await plane.connect('c', method('ann'));
    act(client);
    await plane.settle();
    expect([client.closed, client.connack?.reasonCode]).toEqual([true, reasonCode]);
  });

  test('knows its methods', async () => {
    const { plane } = start();
    const client = await plane.connect('c', { properties: { authenticationMethod: 'NONE' } });
    expect(client.connack?.reasonCode).toBe(0x8c);
  });

  test('comes again on an open connection, for the same user only', async () => {
    const { plane } = start();
    const client = await plane.connect('c', method('ann'));
    answer(client, 'secret');
    await plane.settle();
    const again = (name: string): void =>
      client.engine.authenticate({ reasonCode: ReasonCode.reAuthenticate, ...method(name) });
    again('ann');
    await plane.settle();
    answer(client, 'secret');
    await client.subscribe('t', { qos: 0 });
    expect(authOf(client)).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: 'STEPS' } });
    expect(client.closed).toBe(false);
    again('bob');
    await plane.settle();
    answer(client, 'hidden');
    await plane.settle();
    expect([client.closed, client.disconnect?.reasonCode]).toEqual([true, 0x87]);
  });

  test('out of turn ends the connection', async () => {
    const { plane } = start();
    const client = await plane.connect('c', method('ann'));
    answer(client, 'secret');
    await plane.settle();
    answer(client, 'secret');
    await plane.settle();
    expect([client.closed, client.disconnect?.reasonCode]).toEqual([true, 0x82]);
  });
});

describe('when rights change', () => {
  test.each([4, 5] as const)('the connection of a user that is gone ends: level %i', async (protocolVersion) => {
    const { plane, access } = start();
    const client = await plane.connect('c', { ...ann, protocolVersion, will: will('w') });
    const other = await plane.connect('d', bob);
    access.forbidden.add('ann send w');
    access.remove('ann');
    await plane.settle();
    expect(client.closed).toBe(true);
    expect(client.disconnect?.reasonCode).toBe(protocolVersion === 5 ? 0x87 : undefined);
    expect([other.closed, plane.protocol.counters.willsSent]).toEqual([false, 0]);
  });

  test('subscriptions and topics that are not allowed any more are gone', async () => {
    const { plane, access } = start();
    const client = await plane.connect('c', ann);
    const other = await plane.connect('d', bob);
    await client.subscribe('x', { qos: 1 });
    await client.subscribe('y', { qos: 1 });
    await client.send('mine', '1', { qos: 1 });
    access.forbid('ann recv x', 'ann send mine');
    await other.send('x', 'secret', { qos: 1 });
    await other.send('y', 'open', { qos: 1 });
    await client.send('mine', '2', { qos: 1 });
    expect(client.texts).toEqual(['open']);
    expect(client.outcomes).toEqual(['1: 0', '2: 135']);
    expect(client.protocol.observe('x')?.links.map(({ name, role }) => `${role} ${name}`)).toEqual(['receiver y']);
    expect(plane.protocol.counters.revoked).toBe(1);
  });

  test('nobody asks again whom the change does not concern', async () => {
    const { plane, access } = start();
    const client = await plane.connect('c', ann);
    await client.subscribe('x');
    access.forbidden.add('ann recv x');
    client.protocol.recheck?.({ has: ({ name }) => name === 'bob' });
    expect(client.protocol.observe('x')?.links.length).toBe(1);
    client.protocol.recheck?.({ has: ({ name }) => name === 'ann' });
    expect(client.protocol.observe('x')?.links.length).toBe(0);
  });

  test('what was on its way is not sent again to who may not have it, after a restart either', async () => {
    const access = new FakeAccess();
    const journal = new CrashingJournal();
    const plane = new Plane({ access, authorizer: access, journal });
    const client = await plane.connect('c', { ...ann, ...stays });
    await client.subscribe('x', { qos: 1 });
    await client.subscribe('y', { qos: 1 });
    client.acknowledges = false;
    const sender = await plane.connect('s', bob);
    for (const topic of ['x', 'y']) await sender.send(topic, `on ${topic}`, { qos: 1 });
    expect(client.texts).toEqual(['on x', 'on y']);
    access.forbidden.add('ann recv x');
    await client.cut();
    const second = await plane.connect('c', { ...ann, ...stays, keeps: client });
    expect([second.connack?.sessionPresent, second.texts]).toEqual([true, ['on y']]);
    await second.cut();
    access.forbidden.clear();
    await sender.send('y', 'later', { qos: 1 });
    access.forbidden.add('ann recv y');
    const again = restart(journal, { access, authorizer: access });
    const back = await again.connect('c', { ...ann, ...stays, keeps: client });
    expect([back.connack?.sessionPresent, back.texts]).toEqual([true, []]);
    expect(again.broker.subscriptions()).toEqual([]);
  });
});
