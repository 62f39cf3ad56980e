#!/usr/bin/env node
/**
 * A client that has nothing to do with the connector (rhea), for its tests.
 *
 *   client.mjs publish PORT ADDRESS FIRST COUNT [PER_SECOND]   bodies "m<number>", durable; ends when all are accepted
 *   client.mjs stamped PORT ADDRESS FIRST COUNT STAMP         the same, as a broker would stamp them: ms since the epoch, and 1 more each
 *   client.mjs types PORT ADDRESS                              one message of each kind of body
 *   client.mjs receive PORT ADDRESS [IDLE_MS [COUNT]]          a JSON line a message, until none comes, or so many came
 *   client.mjs audit PORT TOPIC COUNT                          the durable subscription "audit": a JSON line a message with its
 *                                                              body and the broker's stamp; COUNT 0 makes the subscription
 */
import rhea from 'rhea';

const [command, port, address, ...rest] = process.argv.slice(2);
const container = rhea.create_container(command === 'audit' ? { id: 'audit' } : {});
const connection = container.connect({
  host: '127.0.0.1',
  port: Number(port),
  username: 'guest',
  password: 'guest',
  reconnect: true,
});

container.on('connection_error', ({ connection: { error } }) => fail(error));
container.on('sender_error', ({ sender: { error } }) => fail(error));
container.on('receiver_error', ({ receiver: { error } }) => fail(error));
container.on('disconnected', () => {});

function fail(error) {
  console.error(String(error?.description ?? error));
  process.exit(1);
}

function publish(messages, perSecond) {
  const sender = connection.open_sender({ target: address });
  const began = Date.now();
  let next = 0;
  let accepted = 0;
  const pump = () => {
    const due = perSecond === 0 ? messages.length : Math.floor(((Date.now() - began) / 1000) * perSecond);
    while (sender.sendable() && next < Math.min(due, messages.length)) sender.send(messages[next++]);
    if (next < messages.length && perSecond > 0) setTimeout(pump, 10);
  };
  sender.on('sendable', pump);
  sender.on('accepted', () => {
    accepted++;
    if (accepted === messages.length) connection.close();
  });
  sender.on('rejected', ({ delivery }) => fail(delivery.remote_state?.error ?? 'rejected'));
}

function receive(idleMs, countMax) {
  let count = 0;
  let timer = setTimeout(() => process.exit(0), Math.max(idleMs, 3000));
  connection.open_receiver({ source: address, credit_window: 500 });
  container.on('message', ({ message }) => {
    clearTimeout(timer);
    timer = setTimeout(() => process.exit(0), idleMs);
    const body = message.body?.typecode === 0x75 ? { data: message.body.content.toString('hex') } : message.body;
    const {
      message_id,
      subject,
      correlation_id,
      reply_to,
      content_type,
      creation_time,
      durable,
      priority,
      ttl,
      application_properties,
    } = message;
    const shown = {
      body,
      message_id,
      subject,
      correlation_id,
      reply_to,
      content_type,
      creation_time,
      durable,
      priority,
      ttl,
      application_properties,
    };
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    if (++count === countMax) connection.close();
  });
  container.on('connection_close', () => process.exit(0));
}

function audit(count) {
  const receiver = connection.open_receiver({
    name: 'audit',
    source: { address, durable: 2, expiry_policy: 'never' },
    desired_capabilities: ['ingress-time'],
    credit_window: 500,
  });
  let left = count;
  const leave = () => {
    receiver.detach();
    connection.close();
  };
  if (count === 0) receiver.on('receiver_open', leave);
  receiver.on('message', ({ message }) => {
    const time = message.message_annotations['x-opt-ingress-time'];
    process.stdout.write(`${JSON.stringify({ body: message.body, time })}\n`);
    if (--left === 0) leave();
  });
}

const { types } = rhea;
const TYPED = [
  { body: 'text', subject: 'string' },
  { body: types.wrap_symbol('sym'), subject: 'symbol' },
  { body: types.wrap_int(-21), subject: 'int' },
  { body: types.wrap_ulong(7), subject: 'ulong' },
  { body: types.wrap_double(21.5), subject: 'double' },
  { body: true, subject: 'boolean' },
  { body: types.wrap_timestamp(1767225600123), subject: 'timestamp' },
  { body: rhea.message.data_section(Buffer.from('bytes')), subject: 'data' },
  { body: { a: types.wrap_int(1), b: types.wrap_list([types.wrap_int(2), 'x']) }, subject: 'map' },
  { body: null, subject: 'null' },
  {
    body: 'full',
    subject: 'full',
    message_id: 'id-1',
    correlation_id: 'c-1',
    reply_to: 'r',
    content_type: 'text/plain',
    creation_time: 1767225600000,
    durable: true,
    priority: 7,
    ttl: 600000,
    application_properties: { unit: 'C', number: types.wrap_double(21) },
  },
];

if (command === 'publish') {
  const [first, count, perSecond = '0'] = rest;
  const messages = Array.from({ length: Number(count) }, (_, index) => ({
    body: `m${Number(first) + index}`,
    durable: true,
  }));
  publish(messages, Number(perSecond));
} else if (command === 'stamped') {
  const [first, count, stamp] = rest.map(Number);
  const messages = Array.from({ length: count }, (_, index) => ({
    body: `m${first + index}`,
    durable: true,
    message_annotations: { 'x-opt-test-time': types.wrap_long(stamp + index) },
  }));
  publish(messages, 0);
} else if (command === 'types') publish(TYPED, 0);
else if (command === 'receive') receive(Number(rest[0] ?? 1500), Number(rest[1] ?? 0));
else if (command === 'audit') audit(Number(rest[0]));
else fail('publish, stamped, types, receive or audit');
