/** What users of rhea, the AMQP client for Node, do. */
import rhea, { type Connection, type EventContext, type Receiver, type Sender } from 'rhea';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { event, eventually, pause } from './harness/commands.js';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import { address, documents, queue, Server, topic } from './harness/server.js';

let server: Server;
let connection: Connection;
beforeAll(async () => {
  server = await Server.start({
    documents: documents(
      queue('work'),
      queue('many'),
      queue('temperature'),
      topic('news'),
      address('request', { type: 'anycast' }),
      address('live', { type: 'multicast' }),
    ),
  });
});
afterAll(() => server?.stop());

function connect(options: Record<string, unknown> = {}): Connection {
  const container = rhea.create_container();
  return container.connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false, ...options });
}

beforeEach(async () => {
  connection = connect();
  await event(connection, 'connection_open');
});
afterEach(() => connection.close());

async function senderTo(target: string, over = connection): Promise<Sender> {
  const sender = over.open_sender(target);
  await event(sender, 'sendable');
  return sender;
}

/** Sends all and waits until each is accepted. */
async function sendAll(sender: Sender, values: readonly unknown[]): Promise<void> {
  let accepted = 0;
  sender.on('accepted', () => {
    accepted += 1;
  });
  for (const body of values) {
    if (!sender.sendable()) await event(sender, 'sendable');
    sender.send({ body });
  }
  await eventually('every outcome', () => accepted === values.length);
}

function collect(receiver: Receiver): unknown[] {
  const got: unknown[] = [];
  receiver.on('message', ({ message }: EventContext) => got.push(message?.body));
  return got;
}

describe('a rhea user', () => {
  test('sends 2,000 messages unsettled and receives them in order', async () => {
    const sent = bodies('m', 2_000);
    await sendAll(await senderTo('many'), sent);
    const got = collect(connection.open_receiver({ source: 'many', credit_window: 100 }));
    await eventually('2,000 messages', () => got.length >= 2_000);
    expect(differences(sent, got as string[])).toEqual(nothingDiffers);
  });

  test('competes with another receiver: each message to exactly one', async () => {
    const other = connect();
    const first = collect(connection.open_receiver({ source: 'work', credit_window: 10 }));
    const second = collect(other.open_receiver({ source: 'work', credit_window: 10 }));
    const sent = bodies('m', 200);
    await sendAll(await senderTo('work'), sent);
    await eventually('200 messages together', () => first.length + second.length >= 200);
    expect({ ...differences(sent, [...first, ...second] as string[]), inOrder: true }).toEqual(nothingDiffers);
    expect(Math.min(first.length, second.length)).toBeGreaterThan(0);
    other.close();
  });

  test('receives what was not settled when a receiver vanished', async () => {
    await sendAll(await senderTo('work'), ['a', 'b', 'c']);
    const vanishing = connect();
    const receiver = vanishing.open_receiver({ source: 'work', autoaccept: false, credit_window: 10 });
    const held = collect(receiver);
    await eventually('three messages', () => held.length === 3);
    // The socket is cut, no close is said.
    (vanishing as unknown as { socket: { destroy(): void } }).socket.destroy();
    const got = collect(connection.open_receiver('work'));
    await eventually('three messages again', () => got.length >= 3);
    expect(got).toEqual(['a', 'b', 'c']);
  });

  test('publishes to a topic: every receiver has it, a late one only what follows', async () => {
    const first = collect(connection.open_receiver('news'));
    const second = collect(connection.open_receiver('news'));
    const sender = await senderTo('news');
    await eventually('both links', async () => {
      await sendAll(sender, ['probe']);
      return first.includes('probe') && second.includes('probe');
    });
    const late = connection.open_receiver('news');
    await event(late, 'receiver_open');
    const lateGot = collect(late);
    await pause(50);
    await sendAll(sender, ['after']);
    await eventually('the last', () => [first, second, lateGot].every((got) => got.at(-1) === 'after'));
    expect(lateGot).toEqual(['after']);
  });

  test('asks and answers over a dynamic address', async () => {
    const replies = connection.open_receiver({ source: { dynamic: true } as never });
    await event(replies, 'receiver_open');
    const replyTo = replies.source.address;
    expect(replyTo).toBeTruthy();
    const answers: unknown[] = [];
    replies.on('message', ({ message }: EventContext) => answers.push([message?.correlation_id, message?.body]));

    const service = connect();
    const relay = service.open_sender({ target: {} as never });
    const requests = service.open_receiver('temperature');
    requests.on('message', ({ message }: EventContext) => {
      relay.send({
        to: message?.reply_to,
        correlation_id: message?.correlation_id,
        body: `re: ${message?.body}`,
      } as never);
    });
    const sender = await senderTo('temperature');
    sender.send({ reply_to: replyTo, correlation_id: 'c-1', body: 'hot?' });
    await eventually('the answer', () => answers.length === 1);
    expect(answers).toEqual([['c-1', 're: hot?']]);
    service.close();
  });

  test('sends directly: no credit without a receiver, then the receiver’s own outcome', async () => {
    const sender = connection.open_sender('request');
    await event(sender, 'sender_open');
    await pause(200);
    expect(sender.sendable()).toBe(false);
    const service = connect();
    const receiver = service.open_receiver({ source: 'request', autoaccept: false });
    receiver.on('message', ({ delivery, message }: EventContext) => {
      if (message?.body === 'no') delivery?.reject({ condition: 'app:no', description: 'not today' });
      else delivery?.accept();
    });
    if (!sender.sendable()) await event(sender, 'sendable');
    sender.send({ body: 'yes' });
    await event(sender, 'accepted');
    sender.send({ body: 'no' });
    await event(sender, 'rejected');
    service.close();
  });

  test('sends to a direct multicast: every receiver that is there has it', async () => {
    const receivers = [connection.open_receiver('live'), connection.open_receiver('live')];
    const got = receivers.map(collect);
    await Promise.all(receivers.map((receiver) => event(receiver, 'receiver_open')));
    await pause(50);
    const sender = await senderTo('live');
    sender.send({ body: 'now' });
    await eventually('both', () => got.every((messages) => messages.length === 1));
    expect(got).toEqual([['now'], ['now']]);
  });

  test('keeps types: numbers, booleans, maps, lists, binary, null', async () => {
    const values = [23, 21.5, true, { a: 1, b: 'two' }, [1, 'x', null], 'text', null];
    await sendAll(await senderTo('work'), values);
    const got = collect(connection.open_receiver('work'));
    await eventually('all', () => got.length >= values.length);
    expect(got).toEqual(values);
  });

  test('is told when each message was accepted, where it asks for that', async () => {
    const began = Date.now();
    const sender = await senderTo('news');
    const asking = connection.open_receiver({ source: 'news', desired_capabilities: ['ingress-time'] });
    const silent = connection.open_receiver('news');
    await Promise.all([event(asking, 'receiver_open'), event(silent, 'receiver_open')]);
    const offered = (asking as unknown as { remote: { attach: { offered_capabilities: unknown } } }).remote.attach;
    expect(String(offered.offered_capabilities)).toBe('ingress-time');
    const asked = event(asking, 'message');
    const plain = event(silent, 'message');
    sender.send({ body: 'x', message_annotations: { 'x-opt-ingress-time': 1, 'x-opt-mine': 'kept' } });
    const told = (await asked)[0].message.message_annotations;
    expect(told['x-opt-mine']).toBe('kept');
    expect(told['x-opt-ingress-time']).toBeGreaterThanOrEqual(began);
    expect(told['x-opt-ingress-time']).toBeLessThanOrEqual(Date.now());
    expect((await plain)[0].message.message_annotations).toMatchObject({ 'x-opt-ingress-time': 1 });
  });

  test('is closed with amqp:resource-limit-exceeded or told so when a message is too large', async () => {
    const sender = await senderTo('work');
    const refused = Promise.race([
      event(sender, 'rejected').then(([context]) => context.delivery?.remote_state?.error?.condition),
      event(sender, 'sender_error').then(([context]) => context.sender.error.condition),
    ]);
    sender.send({ body: 'x'.repeat(11 * 1024 ** 2) });
    expect(await refused).toMatch(/amqp:link:message-size-exceeded|amqp:resource-limit-exceeded/);
  });

  test('keeps an idle connection alive when it asks for an idle time-out', async () => {
    const idle = connect({ idle_time_out: 1_000 });
    await event(idle, 'connection_open');
    let lost = false;
    idle.on('disconnected', () => {
      lost = true;
    });
    await pause(3_500);
    expect(lost).toBe(false);
    idle.close();
  });
});
