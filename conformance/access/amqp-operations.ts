/** The operations of the table over AMQP, by rhea: on a socket or over WebSocket. */
import rhea, { type Connection, type EventContext, type Receiver, type Sender, type Source } from 'rhea';
import { WebSocket } from 'ws';
import { deadline, type Entrance, type Operations } from './operations.js';
import { ADDRESSES, type Identity } from './table.js';

export async function amqpOperations(identity: Identity, entrance: Entrance): Promise<Operations | undefined> {
  const connection = connect(identity, entrance);
  const opened = await outcomeOf(
    connection,
    ['connection_open'],
    ['connection_error', 'connection_close', 'disconnected', 'error'],
  );
  if (!opened) return undefined;
  const sends = async (target: string): Promise<boolean> => {
    const sender = connection.open_sender(target);
    const allowed = await outcomeOf(sender, ['sendable'], ['sender_error', 'sender_close']);
    sender.close();
    return allowed;
  };
  const receives = async (source: string): Promise<boolean> => {
    const receiver = connection.open_receiver({ source, credit_window: 0 });
    const allowed = await attached(receiver);
    receiver.close();
    return allowed;
  };
  return {
    operations: {
      connect: async () => true,
      send: sends,
      relay: (address) => relays(connection, address),
      subscribe: receives,
      reply: async () => sends(await entrance.temporary()),
      'steal-temporary': async () => receives(await entrance.temporary()),
      'v3-look': async (address) => (await ask(connection, { method: 'GET', address })) === 200,
      'v3-declare': async (address) => (await ask(connection, { method: 'POST' }, v3(address))) === 200,
    },
    close: async () => connection.close(),
  };
}

/** A temporary queue of a client that stays. */
export async function temporaryQueueOf(identity: Identity, entrance: Entrance): Promise<[string, () => void]> {
  const connection = connect(identity, entrance);
  const receiver = connection.open_receiver({ source: { dynamic: true } as Source });
  if (!(await attached(receiver))) throw new Error('no temporary queue');
  return [String(receiver.source.address), () => connection.close()];
}

function connect({ name, password }: Identity, { amqpPort, httpPort, webSocket }: Entrance): Connection {
  const container = rhea.create_container();
  const login = name === '' ? {} : { username: name, ...(password === undefined ? {} : { password }) };
  if (!webSocket) return container.connect({ host: '127.0.0.1', port: amqpPort, reconnect: false, ...login });
  const open = container.websocket_connect(WebSocket as never);
  const details = open(`ws://127.0.0.1:${httpPort}/amqp`, ['amqp'], {});
  return container.connect({ connection_details: details as never, reconnect: false, ...login } as never);
}

interface Emitter {
  once(event: string, listener: () => void): unknown;
}

function outcomeOf(emitter: Emitter, good: readonly string[], bad: readonly string[]): Promise<boolean> {
  const outcome = new Promise<boolean>((resolve) => {
    for (const event of good) emitter.once(event, () => resolve(true));
    for (const event of bad) emitter.once(event, () => resolve(false));
  });
  return deadline(outcome, [...good, ...bad].join(', '));
}

/** A link that is refused is answered first, without its terminus (AMQP 1.0 §2.6.3). */
function attached(receiver: Receiver): Promise<boolean> {
  const outcome = new Promise<boolean>((resolve) => {
    receiver.once('receiver_error', () => resolve(false));
    receiver.once('receiver_close', () => resolve(false));
    receiver.once('receiver_open', () => {
      if (receiver.source?.address !== undefined && receiver.source.address !== null) resolve(true);
    });
  });
  return deadline(outcome, 'an attach');
}

async function relays(connection: Connection, to: string): Promise<boolean> {
  const sender: Sender = connection.open_sender({ target: {} });
  if (!(await outcomeOf(sender, ['sendable'], ['sender_error', 'sender_close']))) return false;
  const sent = outcomeOf(sender, ['accepted'], ['rejected', 'released', 'modified']);
  sender.send({ to, body: 'x' });
  const allowed = await sent;
  sender.close();
  return allowed;
}

/** @returns the status, or 403 where nothing may be asked at all */
async function ask(connection: Connection, properties: Record<string, string>, body = ''): Promise<number> {
  const receiver = connection.open_receiver({ source: { dynamic: true } as Source });
  if (!(await attached(receiver))) throw new Error('no temporary queue');
  const sender = connection.open_sender('$address');
  try {
    if (!(await outcomeOf(sender, ['sendable'], ['sender_error', 'sender_close']))) return 403;
    const answer = new Promise<number>((resolve) => {
      receiver.once('message', ({ message }: EventContext) => {
        resolve(Number(message?.application_properties?.statusCode));
      });
    });
    sender.send({ reply_to: receiver.source.address, application_properties: properties, body });
    return await deadline(answer, 'an answer of $address');
  } finally {
    sender.close();
    receiver.close();
  }
}

function v3(name: string): string {
  const multicast = (ADDRESSES as Readonly<Record<string, string>>)[name] === 'topic';
  const spec = { store_and_forward: true, multicast, flavor: multicast ? 'vanilla-topic' : 'vanilla-queue' };
  return JSON.stringify({ apiVersion: 'v3', kind: 'Address', metadata: { name }, spec });
}
