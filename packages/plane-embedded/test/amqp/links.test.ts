import { type AmqpError, Typed } from '@millrace/amqp';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeAccess } from '../support/fake-access.js';
import { AmqpServer, RawClient, type ServerOptions, text, texts, until } from './amqp-server.js';

let server: AmqpServer;
const start = async (options?: ServerOptions) => {
  server = await AmqpServer.start(options);
};

afterEach(async () => {
  await server.stop();
  expect(server.faults).toEqual([]);
});

describe('attaching', () => {
  it('is refused for an address that is not declared', async () => {
    await start();
    const client = await server.client();
    await expect(client.openSender('missing')).rejects.toMatchObject({ condition: 'amqp:not-found', scope: 'link' });
    await expect(client.openReceiver('missing')).rejects.toMatchObject({ condition: 'amqp:not-found' });
  });

  it('declares a queue when settings say so', async () => {
    await start({ settings: { undeclared: 'queue' } });
    const client = await server.client();
    await (await client.openSender('new')).send(text('x'));
    expect(server.broker.address('new')?.settings.type).toBe('queue');
  });

  it('is refused without the right, each verb by itself', async () => {
    await start({
      addresses: { a: { type: 'queue' }, b: { type: 'queue' } },
      authorize: ({ name }, verb, address) => name === 'u' && (verb === 'send' ? address === 'a' : address === 'b'),
    });
    const client = await server.client('c', 'u');
    await client.openSender('a');
    await client.openReceiver('b');
    await expect(client.openSender('b')).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await expect(client.openReceiver('a')).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
  });

  it('is possible for those who are authenticated', async () => {
    await start({ access: new FakeAccess({ users: { u: 'p' } }) });
    const client = await server.client('c', 'u');
    await client.openSender('q');
    expect([...server.listener.observe()][0]?.user).toBe('u');
    await expect(server.client('d', 'v')).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await expect(server.client('d')).rejects.toMatchObject({ condition: 'amqp:not-allowed' });
  });

  it('is bounded for a connection', async () => {
    await start({ settings: { links: 3 } });
    const client = await server.client();
    for (let i = 0; i < 3; i++) await client.openSender('q');
    await expect(client.openSender('q')).rejects.toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
  });

  it('is refused with a filter that would not be applied', async () => {
    await start();
    const filter = { selector: new Typed('string', 'a = 1') };
    const client = await server.client();
    await expect(client.openReceiver('q', { source: { filter } })).rejects.toMatchObject({
      condition: 'amqp:not-implemented',
      message: expect.stringContaining('selector'),
    });
  });

  it('is seen by the console', async () => {
    await start();
    const client = await server.client('seen');
    await (await client.openSender('q', { name: 's' })).send(text('x'));
    await client.openReceiver('q', { name: 'r', settlement: 'explicit', credit: 5 });
    await until(() => [...server.listener.observe()][0]!.links.some(({ unsettled }) => unsettled === 1));
    expect([...server.listener.observe()]).toMatchObject([
      {
        protocol: 'amqp',
        container: 'seen',
        user: 'anonymous',
        links: [
          { name: 's', role: 'sender', address: 'q', deliveries: 1, unsettled: 0 },
          { name: 'r', role: 'receiver', address: 'q', deliveries: 1, unsettled: 1, credit: 4 },
        ],
      },
    ]);
  });

  it('ends with a reason when the connection is closed by hand', async () => {
    await start();
    const client = await server.client();
    await client.openSender('q');
    server.listener.closeConnection('amqp-1', 'because');
    expect(((await client.closed) as AmqpError).message).toBe('because');
    expect(server.broker.address('q')!.senders).toBe(0);
  });
});

describe('the anonymous relay', () => {
  it('sends each message where it says, asking for the right each time', async () => {
    await start({
      addresses: { a: { type: 'queue' }, b: { type: 'queue' }, secret: { type: 'queue' } },
      authorize: (_principal, _verb, address) => address !== 'secret',
    });
    const client = await server.client();
    const relay = await client.openSender(undefined);
    const to = (address?: string) => relay.send(text(`for ${address}`, { properties: { to: address } }));
    expect((await to('a')).kind).toBe('accepted');
    expect(await to('secret')).toMatchObject({ kind: 'rejected', error: { condition: 'amqp:unauthorized-access' } });
    expect((await to('b')).kind).toBe('accepted');
    expect(await to('missing')).toMatchObject({ kind: 'rejected', error: { condition: 'amqp:not-found' } });
    expect(await to(undefined)).toMatchObject({ kind: 'rejected', error: { condition: 'amqp:not-found' } });
    expect((await to('a')).kind).toBe('accepted');
    expect(await texts(await client.openReceiver('a'), 2)).toEqual(['for a', 'for a']);
    expect(await texts(await client.openReceiver('b'), 1)).toEqual(['for b']);
  });

  it('keeps few ways open', async () => {
    const addresses = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`q${i}`, { type: 'queue' } as const]));
    await start({ addresses, settings: { relayAddresses: 3 } });
    const relay = await (await server.client()).openSender(undefined);
    for (let i = 0; i < 40; i++) await relay.send(text('x', { properties: { to: `q${i % 20}` } }));
    const open = server.broker.addresses().filter(({ senders }) => senders > 0);
    expect(open.length).toBeLessThanOrEqual(3);
    expect(server.broker.address('q7')!.stored).toBe(2);
  });
});

describe('temporary queues and services', () => {
  it('answers a request to the reply-to with its correlation-id', async () => {
    const requests: unknown[] = [];
    const services = new Map([
      [
        '$echo',
        {
          async handle(request: { body: unknown; applicationProperties: object }) {
            requests.push({ ...request.applicationProperties });
            if (request.body === 'fail') throw new Error('no');
            return { body: `echo ${request.body}`, applicationProperties: { status: 200 } };
          },
        },
      ],
    ]);
    await start({ services });
    const client = await server.client();
    const replies = await client.openReceiver(undefined);
    const replyTo = replies.address!;
    const sender = await client.openSender('$echo');
    const properties = { replyTo, messageId: 'm1' };
    await sender.send(text('a', { properties, applicationProperties: { method: 'GET' } }));
    await sender.send(text('b', { properties: { ...properties, correlationId: 'c2' } }));
    const first = (await replies.receive(2_000))!.message;
    const second = (await replies.receive(2_000))!.message;
    expect(first).toMatchObject({ properties: { correlationId: 'm1' }, body: { value: 'echo a' } });
    expect({ ...first.applicationProperties }).toEqual({ status: 200 });
    expect(second.properties?.correlationId).toBe('c2');
    expect(requests[0]).toEqual({ method: 'GET' });
    expect(await sender.send(text('fail', { properties }))).toMatchObject({
      error: { condition: 'amqp:internal-error' },
    });
  });

  it('lets only the owner receive from a temporary queue, which goes with its link', async () => {
    await start();
    const owner = await server.client('owner');
    const other = await server.client('other');
    const replies = await owner.openReceiver(undefined);
    const address = replies.address!;
    await expect(other.openReceiver(address)).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await (await other.openSender(address)).send(text('reply'));
    expect(await texts(replies, 1)).toEqual(['reply']);
    await replies.close();
    expect(server.broker.address(address)).toBeUndefined();
    const second = (await owner.openReceiver(undefined)).address!;
    await owner.close();
    await until(() => server.broker.address(second) === undefined);
  });
});

it('makes no temporary queue for a receiver that is refused', async () => {
  await start();
  const client = await server.client();
  await expect(client.openReceiver(undefined, { source: { filter: { f: 'x' } } })).rejects.toThrow(/filters/);
  expect(server.broker.addresses().filter(({ temporary }) => temporary)).toEqual([]);
});

const DURABLE = { durable: 2, expiryPolicy: 'never' } as const;

describe('topics', () => {
  const topic: ServerOptions = { addresses: { t: { type: 'topic' } } };

  it('give each message to every receiver', async () => {
    await start(topic);
    const client = await server.client();
    const receivers = [await client.openReceiver('t'), await client.openReceiver('t')];
    await (await client.openSender('t')).send(text('x'));
    for (const receiver of receivers) expect(await texts(receiver, 1)).toEqual(['x']);
  });

  it('match filters', async () => {
    await start({ addresses: { 'a/b': { type: 'topic' }, 'a/c': { type: 'topic' } } });
    const client = await server.client();
    const receiver = await client.openReceiver('a/+');
    await (await client.openSender('a/b')).send(text('b'));
    await (await client.openSender('a/c')).send(text('c'));
    expect(await texts(receiver, 2)).toEqual(['b', 'c']);
  });

  it('keep a durable subscription while its receiver is away, until it is closed', async () => {
    await start(topic);
    const publisher = await (await server.client('publisher')).openSender('t');
    let client = await server.client('c');
    const first = await client.openReceiver('t', { name: 'sub', source: DURABLE });
    await first.detach();
    await publisher.send(text('while detached'));
    await client.close();
    await publisher.send(text('while away'));
    expect(server.broker.subscriptions()).toMatchObject([{ durableName: 'amqp/c/sub', stored: 2 }]);
    client = await server.client('c');
    const second = await client.openReceiver('t', { name: 'sub', source: DURABLE });
    expect(await texts(second, 2)).toEqual(['while detached', 'while away']);
    await second.close();
    expect(server.broker.subscriptions()).toEqual([]);
  });

  it('let a client find its durable subscription by the link name alone, and end it, as JMS does', async () => {
    await start(topic);
    const owner = await server.client('raw');
    await (await owner.openReceiver('t', { name: 'sub', source: DURABLE })).detach();
    const client = new RawClient(server);
    const link = client.engine.beginSession().attach('receiver', 'sub', { target: { address: 'x' } });
    client.write();
    await until(() => link.state === 'attached');
    expect(link.remote?.source).toMatchObject({ address: 't', expiryPolicy: 'never' });
    link.detach({ closed: true });
    client.write();
    await until(() => server.broker.subscriptions().length === 0);
    client.socket.destroy();
  });

  it('make a durable subscription of a source that says copy, as JMS clients do', async () => {
    await start(topic);
    const source = { ...DURABLE, distributionMode: 'copy' };
    const receiver = await (await server.client('c')).openReceiver('t', { name: 'sub', source });
    await (await (await server.client()).openSender('t')).send(text('x'));
    expect(await texts(receiver, 1)).toEqual(['x']);
    expect(server.broker.subscriptions().map(({ durableName }) => durableName)).toEqual(['amqp/c/sub']);
  });

  it('let the newest attach take a durable subscription over', async () => {
    await start(topic);
    const first = await (await server.client('c')).openReceiver('t', { name: 'sub', source: DURABLE });
    const stolen = first.receive();
    await (await server.client('c')).openReceiver('t', { name: 'sub', source: DURABLE });
    await expect(stolen).rejects.toMatchObject({ condition: 'amqp:link:stolen' });
  });

  it('share a subscription among receivers, within a container or globally', async () => {
    await start(topic);
    const capabilities = ['shared', 'global'];
    const one = await (await server.client('one')).openReceiver('t', {
      name: 'sub',
      source: { ...DURABLE, capabilities },
    });
    const two = await (await server.client('two')).openReceiver('t', {
      name: 'sub|1',
      source: { ...DURABLE, capabilities },
    });
    const publisher = await (await server.client('publisher')).openSender('t');
    for (let i = 0; i < 10; i++) await publisher.send(text(`${i}`));
    const got = [...(await texts(one, 5)), ...(await texts(two, 5))];
    expect(got.map(Number).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(server.broker.subscriptions().map(({ durableName }) => durableName)).toEqual(['amqp/sub']);
  });

  it('attach to a named subscription as topic::name, and leave it there', async () => {
    await start(topic);
    const client = await server.client();
    const receiver = await client.openReceiver('t::backup');
    await receiver.close();
    await (await client.openSender('t')).send(text('kept'));
    expect(await texts(await client.openReceiver('t::backup'), 1)).toEqual(['kept']);
  });
});

describe('direct addresses', () => {
  it('pass the outcome of the receiver on, and give no credit without one', async () => {
    await start({ addresses: { d: { type: 'anycast' } } });
    const client = await server.client();
    const sender = await client.openSender('d');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sender.credit).toBe(0);
    const receiver = await (await server.client('r')).openReceiver('d', { settlement: 'explicit', credit: 1 });
    for (const give of ['accept', 'reject', 'release', 'accept'] as const) {
      const outcome = sender.send(text(give));
      (await receiver.receive(2_000))![give]();
      expect((await outcome).kind).toBe(`${give}${give.endsWith('e') ? 'd' : 'ed'}`);
    }
  });

  it('multicast to everyone present', async () => {
    await start({ addresses: { m: { type: 'multicast' } } });
    const client = await server.client();
    const receivers = [await client.openReceiver('m'), await client.openReceiver('m', { settlement: 'settled' })];
    await (await client.openSender('m')).send(text('x'));
    for (const receiver of receivers) expect(await texts(receiver, 1)).toEqual(['x']);
  });
});
