/** Who gets in over AMQP, and what becomes of those who are in when their rights change. */
import { once } from 'node:events';
import { AmqpError, connect, type SaslMechanism, saslAnonymous, saslPlain } from '@millrace/amqp';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeAccess } from '../support/fake-access.js';
import { AmqpServer, RawClient, text, texts, until } from './amqp-server.js';

let server: AmqpServer;

afterEach(async () => {
  await server.stop();
  expect(server.faults).toEqual([]);
});

async function start(access: FakeAccess, settings = {}): Promise<FakeAccess> {
  server = await AmqpServer.start({
    access,
    settings,
    addresses: { a: { type: 'queue' }, b: { type: 'queue' }, t: { type: 'topic' } },
    authorize: (principal, verb, address) => access.authorize(principal, verb, address),
  });
  access.onChange(() => void server.listener.recheck());
  return access;
}

/** The client's half of the mechanism of two steps. */
function steps(name: string, password: string, seen: string[] = []): SaslMechanism {
  return {
    name: 'STEPS',
    initialResponse: () => Buffer.from(`n=${name}`),
    respond: (challenge) => Buffer.from(`${Buffer.from(challenge).toString()} ${password}`),
    finish: (data) => seen.push(Buffer.from(data ?? []).toString()),
  };
}

function client(sasl: readonly SaslMechanism[]) {
  return connect({ host: '127.0.0.1', port: server.listener.port, sasl });
}

function never(name: string): SaslMechanism {
  return { name, initialResponse: () => undefined, respond: () => Buffer.alloc(0) };
}

describe('a client of AMQP', () => {
  it('gets in by a mechanism of several steps, and is given the last word with the outcome', async () => {
    const access = await start(new FakeAccess());
    const seen: string[] = [];
    const connection = await client([steps('ann', 'secret', seen)]);
    expect([seen, [...server.listener.observe()][0]?.user]).toEqual([['v=ann'], 'ann']);
    expect(access.origins).toEqual([{ protocol: 'amqp', host: '127.0.0.1', encrypted: false }]);
    await connection.close();
  });

  it.each([
    ['a wrong password', [steps('ann', 'wrong')], 'amqp:unauthorized-access'],
    ['an unknown user', [saslPlain('eve', 'x')], 'amqp:unauthorized-access'],
    ['a mechanism that was not offered', [saslAnonymous()], 'amqp:not-allowed'],
  ])('does not get in with %s', async (_name, sasl, condition) => {
    await start(new FakeAccess());
    await expect(client(sasl)).rejects.toMatchObject({ condition });
    await until(() => server.listener.size === 0);
    expect(server.listener.counters.neverOpened).toBe(1);
  });

  it('does not play for time with steps without end, nor bring anything down', async () => {
    await start(new FakeAccess({ mechanisms: ['ENDLESS', 'BROKEN'] }));
    await expect(client([never('ENDLESS')])).rejects.toMatchObject({ message: expect.stringContaining('code 1') });
    await expect(client([never('BROKEN')])).rejects.toMatchObject({ message: expect.stringContaining('code 4') });
    expect(server.context.counters.authenticationsFailed).toBe(2);
  });

  it('is refused without SASL where there are users', async () => {
    await start(new FakeAccess());
    const raw = new RawClient(server);
    raw.write();
    await once(raw.socket, 'close');
    expect(Buffer.concat(raw.received).toString('hex')).toBe('414d515003010000');
  });

  it('may leave SASL out where everybody is let in, and send all in one piece', async () => {
    const access = await start(new FakeAccess({ mechanisms: ['ANONYMOUS'] }));
    access.holds = true;
    const raw = new RawClient(server);
    raw.write();
    const session = raw.engine.beginSession();
    const link = session.attach('sender', 's', { target: { address: 'a' } });
    raw.write();
    await until(() => access.origins.length === 1);
    expect(server.listener.counters.neverOpened + server.listener.size).toBe(1);
    access.holds = false;
    access.letGo();
    await until(() => link.state === 'attached');
    raw.socket.destroy();
  });

  it('has only so long', async () => {
    const access = await start(new FakeAccess(), { openTimeoutMs: 300 });
    access.holds = true;
    await expect(client([steps('ann', 'secret')])).rejects.toThrow();
    access.letGo();
    await until(() => server.listener.size === 0);
  });

  it('is out when its user is removed while it is being asked', async () => {
    const access = await start(new FakeAccess());
    access.holds = true;
    const opening = client([saslPlain('ann', 'secret')]);
    await until(() => access.origins.length === 1);
    access.letGo();
    await new Promise((resolve) => setImmediate(resolve));
    access.remove('ann');
    const ended = opening.then(
      (connection) => connection.closed,
      (error) => error,
    );
    expect(await ended).toBeInstanceOf(AmqpError);
    expect(server.context.counters.revoked).toBe(1);
  });
});

describe('when rights change', () => {
  it('the connection of a user that is gone is closed with the reason', async () => {
    const access = await start(new FakeAccess());
    const ann = await client([steps('ann', 'secret')]);
    const bob = await client([steps('bob', 'hidden')]);
    access.remove('ann');
    expect(await ann.closed).toMatchObject({ condition: 'amqp:unauthorized-access' });
    await (await bob.openSender('a')).send(text('still here'));
    expect(server.context.counters.revoked).toBe(1);
    await bob.close();
  });

  it('links that are not allowed any more are detached, and the others go on', async () => {
    const access = await start(new FakeAccess());
    const ann = await client([steps('ann', 'secret')]);
    const [toA, toB] = [await ann.openSender('a'), await ann.openSender('b')];
    const receiver = await ann.openReceiver('a', { settlement: 'explicit' });
    await toA.send(text('one'));
    await texts(receiver, 1);
    access.forbid('ann send a', 'ann recv a');
    await expect(toA.send(text('two'))).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await expect(receiver.receive(1_000)).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await toB.send(text('three'));
    // What it had not settled is back in the queue.
    expect(server.broker.address('a')).toMatchObject({ stored: 1, senders: 0, receivers: 0 });
    access.forbidden.clear();
    expect(await texts(await ann.openReceiver('a'), 1)).toEqual(['one']);
    await ann.close();
  });

  it('a relay is asked anew for each address', async () => {
    const access = await start(new FakeAccess());
    const ann = await client([steps('ann', 'secret')]);
    const relay = await ann.openSender(undefined);
    const to = (address: string) => relay.send(text('x', { properties: { to: address } }));
    expect((await to('a')).kind).toBe('accepted');
    access.forbid('ann send a');
    await until(() => server.broker.address('a')?.senders === 0);
    expect([(await to('a')).kind, (await to('b')).kind]).toEqual(['rejected', 'accepted']);
    await ann.close();
  });

  it('what was made for one connection stays its own', async () => {
    const access = await start(new FakeAccess());
    const ann = await client([steps('ann', 'secret')]);
    const mine = await ann.openReceiver(undefined);
    access.forbid(`ann recv ${mine.address}`, `ann send ${mine.address}`);
    await (await ann.openSender(mine.address)).send(text('to me'));
    expect(await texts(mine, 1)).toEqual(['to me']);
    await ann.close();
  });
});
