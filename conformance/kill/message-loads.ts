/** The kinds of load that are messages: AMQP and MQTT over queues, and sessions and subscriptions over topics. */
import {
  mosquittoPublisher,
  mosquittoSubscriber,
  protonReceiver,
  protonSender,
  type SenderOptions,
} from './clients.js';
import { ReceiverLedger } from './ledger.js';
import { MessageLoad } from './workload.js';

/** Large enough that no bound of an address is reached. */
const limits = { messages: 10_000_000, bytes: '10GiB' };
const queue = { type: 'queue', durability: 'always', limits };

const sender = (producer: string, address: string, ratePerSecond: number): SenderOptions => ({
  producer,
  address,
  ratePerSecond,
});

/** Proton alone: one receiver, several receivers, and a queue that nobody reads until the end. */
export const amqpLoad = () =>
  new MessageLoad('amqp', async (load, server) => {
    for (const name of ['kill/orders', 'kill/competing', 'kill/large']) await server.put('addresses', name, queue);
    await server.put('addresses', 'kill/backlog', { type: 'queue', limits });
    load.add({
      name: 'queue, one receiver',
      senders: [
        protonSender(server, sender('orders-a', 'kill/orders', 400)),
        protonSender(server, { ...sender('orders-b', 'kill/orders', 100), window: 1 }),
      ],
      receivers: [protonReceiver(server, { name: 'orders', address: 'kill/orders' })],
    });
    load.add({
      name: 'queue, competing receivers',
      senders: [protonSender(server, sender('competing', 'kill/competing', 300))],
      receivers: [1, 2].map((number) =>
        protonReceiver(server, { name: `competing-${number}`, address: 'kill/competing', hold: number * 7 }),
      ),
    });
    load.add({
      name: 'messages of 1.5 MB',
      senders: [protonSender(server, { ...sender('large', 'kill/large', 4), size: 1_500_000, window: 3 })],
      receivers: [protonReceiver(server, { name: 'large', address: 'kill/large', hold: 2 })],
    });
    load.add({
      name: 'queue read at the end',
      senders: [protonSender(server, sender('backlog', 'kill/backlog', 200))],
      receivers: [],
      visitor: {
        comes: 'last',
        ledger: new ReceiverLedger('backlog'),
        open: (ledger) => protonReceiver(server, { name: 'backlog', address: 'kill/backlog', ledger }),
      },
    });
  });

/** mosquitto's clients at queues, alone and beside Proton. */
export const mqttLoad = () =>
  new MessageLoad('mqtt', async (load, server) => {
    for (const name of ['kill/mqtt-to-amqp', 'kill/to-mqtt']) await server.put('addresses', name, queue);
    load.add({
      name: 'QoS 1 to a queue, read over AMQP',
      senders: [mosquittoPublisher(server, { ...sender('qos1-queue', 'kill/mqtt-to-amqp', 200), qos: 1 })],
      receivers: [protonReceiver(server, { name: 'mqtt-to-amqp', address: 'kill/mqtt-to-amqp', hold: 20 })],
    });
    load.add({
      name: 'queue read with QoS 1',
      senders: [
        protonSender(server, sender('amqp-to-mqtt', 'kill/to-mqtt', 200)),
        mosquittoPublisher(server, { ...sender('mqtt-to-mqtt', 'kill/to-mqtt', 100), qos: 1 }),
      ],
      receivers: [mosquittoSubscriber(server, { name: 'to-mqtt', filter: 'kill/to-mqtt', qos: 1, session: 'clean' })],
    });
  });

/** An address that knows duplicates: what was in doubt is sent again, and is there once. */
export const duplicateLoad = () =>
  new MessageLoad('duplicates', async (load, server) => {
    const knowing = { ...queue, deduplication: { window: '1h', ids: 1_000_000 } };
    for (const name of ['kill/known', 'kill/known-stored']) await server.put('addresses', name, knowing);
    load.add({
      name: 'sent again, one receiver',
      senders: [protonSender(server, { ...sender('known', 'kill/known', 200), inDoubt: 'resend' })],
      receivers: [protonReceiver(server, { name: 'known', address: 'kill/known' })],
    });
    load.add({
      name: 'sent again, read at the end',
      senders: [protonSender(server, { ...sender('known-stored', 'kill/known-stored', 200), inDoubt: 'resend' })],
      receivers: [],
      visitor: {
        comes: 'last',
        ledger: new ReceiverLedger('known-stored'),
        open: (ledger) => protonReceiver(server, { name: 'known-stored', address: 'kill/known-stored', ledger }),
      },
      guarantee: 'once',
    });
  });

/** Topics: sessions with QoS 1 and 2 and a durable subscription of AMQP, all of which outlive the server. */
export const sessionLoad = () =>
  new MessageLoad('sessions', async (load, server) => {
    for (const name of ['kill/once', 'kill/events']) {
      await server.put('addresses', name, { type: 'topic', durability: 'always', limits });
    }
    const subscribers = {
      once: mosquittoSubscriber(server, { name: 'once', filter: 'kill/once', qos: 2, session: 'kept' }),
      events: mosquittoSubscriber(server, { name: 'events', filter: 'kill/events', qos: 1, session: 'kept' }),
      durable: protonReceiver(server, {
        name: 'durable',
        address: 'kill/events',
        durable: { container: 'kill', link: 'durable' },
      }),
    };
    const awayOptions = { name: 'away', filter: 'kill/events', qos: 1, session: 'kept' } as const;
    const away = mosquittoSubscriber(server, awayOptions);
    // What is published before a subscription stands is not owed to it.
    await untilConnected([...Object.values(subscribers), away]);
    await away.finish();
    const events = [
      mosquittoPublisher(server, { ...sender('events-mqtt', 'kill/events', 150), qos: 1 }),
      protonSender(server, sender('events-amqp', 'kill/events', 150)),
    ];
    load.add({
      name: 'topic, QoS 2 to QoS 2',
      // Fewer than 65,535 in 200 rounds. mosquitto_sub 2.0 keeps a PUBLISH that is sent again as a second entry, and hands
      // that out in place of the message that has its packet identifier one turn of all identifiers later.
      senders: [mosquittoPublisher(server, { ...sender('once-mqtt', 'kill/once', 75), qos: 2 })],
      receivers: [subscribers.once],
      guarantee: 'once',
    });
    load.add({ name: 'topic, session with QoS 1', senders: events, receivers: [subscribers.events] });
    load.add({
      name: 'topic, session that is away now and then',
      senders: events,
      receivers: [],
      visitor: {
        comes: 'every-other-round',
        ledger: away.ledger,
        open: (ledger) => mosquittoSubscriber(server, { ...awayOptions, ledger }),
      },
    });
    load.add({ name: 'topic, durable subscription', senders: events, receivers: [subscribers.durable] });
  });

async function untilConnected(clients: readonly { ledger: { connected: boolean } }[]): Promise<void> {
  const giveUp = Date.now() + 10_000;
  while (!clients.every(({ ledger }) => ledger.connected)) {
    if (Date.now() > giveUp) throw new Error('a subscriber does not connect');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
