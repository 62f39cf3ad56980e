/** What a peer can send wrongly must end that link, session or connection, and never throw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCEPTED, Condition, Encoder, OutgoingDelivery, type ReceiverLink, type SenderLink } from '../src/index.js';
import { type Composite, encodeComposite } from '../src/performatives/composite.js';
import {
  ATTACH,
  BEGIN,
  type Begin,
  CLOSE,
  DETACH,
  DISPOSITION,
  END,
  FLOW,
  OPEN,
  TRANSFER,
  type Transfer,
} from '../src/performatives/performatives.js';
import { createEnd, type End, Pair } from './pair.js';

const HEADER = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');
const BEGIN_FIELDS: Begin = { nextOutgoingId: 0, incomingWindow: 100, outgoingWindow: 100 };

function frame<T extends object>(composite: Composite<T>, value: T, channel = 0, payload = Buffer.alloc(0)): Buffer {
  const encoder = new Encoder();
  encodeComposite(encoder, composite, value);
  const bytes = Buffer.concat([Buffer.alloc(8), encoder.view(), payload]);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes[4] = 2;
  bytes.writeUInt16BE(channel, 6);
  return bytes;
}

/** A conversation with a listener as a peer would have it: every kind of frame once. */
const CONVERSATION: readonly Buffer[] = [
  HEADER,
  frame(OPEN, { containerId: 'peer', idleTimeOut: 1_000, properties: { product: 'test' } }),
  frame(BEGIN, BEGIN_FIELDS),
  frame(ATTACH, {
    name: 's',
    handle: 0,
    role: false,
    source: { address: 'a' },
    target: { address: 'q' },
    initialDeliveryCount: 0,
  }),
  frame(ATTACH, {
    name: 'r',
    handle: 1,
    role: true,
    source: { address: 'q', filter: { f: 'x' } },
    target: { address: 'a' },
  }),
  frame(FLOW, {
    nextIncomingId: 0,
    incomingWindow: 10,
    nextOutgoingId: 0,
    outgoingWindow: 10,
    handle: 1,
    deliveryCount: 0,
    linkCredit: 5,
    echo: true,
  }),
  frame(
    TRANSFER,
    { handle: 0, deliveryId: 0, deliveryTag: Buffer.from('t'), messageFormat: 0, settled: false, more: true },
    0,
    Buffer.from('part'),
  ),
  frame(TRANSFER, { handle: 0, more: false }, 0, Buffer.from(' and rest')),
  frame(
    TRANSFER,
    {
      handle: 0,
      deliveryId: 1,
      deliveryTag: Buffer.from('u'),
      settled: true,
      state: ACCEPTED,
      rcvSettleMode: 0,
      batchable: true,
    },
    0,
    Buffer.from('x'),
  ),
  frame(DISPOSITION, {
    role: true,
    first: 0,
    last: 3,
    settled: true,
    state: { kind: 'rejected', error: { condition: 'a:b' } },
  }),
  frame(DETACH, { handle: 0, closed: true, error: { condition: 'c:d', description: 'e' } }),
  frame(END, {}),
  frame(CLOSE, { error: { condition: 'f:g' } }),
];

function listener(): End {
  const end = createEnd('listener', { saslMechanisms: ['ANONYMOUS'], frameSizeMax: 4_096 });
  end.handler.attachPolicy = (link) => {
    link.accept({ source: link.remote?.source, target: link.remote?.target });
    if (link.role === 'receiver') (link as ReceiverLink).setCredit(10);
    else (link as SenderLink).send(Object.assign(new OutgoingDelivery(), { buffer: Buffer.from('m'), end: 1 }));
  };
  return end;
}

function feed(end: End, bytes: Buffer): void {
  end.connection.ingest(bytes, 0, bytes.length);
  end.connection.flush();
  end.output.take();
}

describe('a listener', () => {
  it('takes the conversation that the others are mutations of', () => {
    const end = listener();
    for (const bytes of CONVERSATION) feed(end, bytes);
    expect(end.handler.messages.map(String)).toEqual(['part and rest', 'x']);
    expect(end.handler.events.slice(-3)).toEqual(['end', 'close f:g', 'disconnect']);
  });

  it('survives every truncation of every frame', () => {
    for (let index = 0; index < CONVERSATION.length; index++) {
      const whole = CONVERSATION[index]!;
      for (let size = 8; size < whole.length; size++) {
        const cut = Buffer.from(whole.subarray(0, size));
        cut.writeUInt32BE(size, 0);
        const end = listener();
        for (const bytes of CONVERSATION.slice(0, index)) feed(end, bytes);
        expect(() => feed(end, cut)).not.toThrow();
      }
    }
  });

  it('survives every byte of every frame being another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, where, change) => {
        const end = listener();
        const index = which % CONVERSATION.length;
        for (const [at, bytes] of CONVERSATION.entries()) {
          const copy = Buffer.from(bytes);
          if (at === index) copy[where % copy.length]! ^= change;
          feed(end, copy);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('survives random bytes after any part of the conversation', () => {
    fc.assert(
      fc.property(
        fc.nat(CONVERSATION.length - 1),
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (count, array, framed) => {
          const end = listener();
          for (const bytes of CONVERSATION.slice(0, count)) feed(end, bytes);
          const random = Buffer.from(array);
          feed(end, framed ? Buffer.concat([frameHead(random.length + 8), random]) : random);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

function frameHead(size: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  head.writeUInt32BE(size, 0);
  return head;
}

describe('violations name their condition and end what they should', () => {
  const opened = CONVERSATION.slice(0, 3);
  const attached = CONVERSATION.slice(0, 5);
  const transfer = (fields: Partial<Transfer>): Buffer =>
    frame(TRANSFER, { handle: 0, deliveryId: 0, deliveryTag: Buffer.from('t'), ...fields }, 0, Buffer.from('x'));

  it.each<[string, readonly Buffer[], Buffer, string]>([
    ['a frame below eight bytes', opened, frameHead(7), `close ${Condition.framingError}`],
    ['a frame above max-frame-size', opened, frameHead(5_000), `close ${Condition.framingError}`],
    [
      'a data offset outside of the frame',
      opened,
      Buffer.from([0, 0, 0, 8, 3, 0, 0, 0]),
      `close ${Condition.framingError}`,
    ],
    ['a SASL frame after SASL', opened, Buffer.from([0, 0, 0, 8, 2, 1, 0, 0]), `close ${Condition.framingError}`],
    [
      'a body that is no performative',
      opened,
      Buffer.concat([frameHead(9), Buffer.from([0x40])]),
      `close ${Condition.decodeError}`,
    ],
    ['begin before open', [HEADER], frame(BEGIN, BEGIN_FIELDS), `close ${Condition.illegalState}`],
    ['a second open', opened, frame(OPEN, { containerId: 'again' }), `close ${Condition.illegalState}`],
    ['a channel above channel-max', opened, frame(BEGIN, BEGIN_FIELDS, 256), `close ${Condition.framingError}`],
    ['a frame on a channel without session', opened, frame(END, {}, 9), `close ${Condition.illegalState}`],
    [
      'a handle above handle-max',
      opened,
      frame(ATTACH, { name: 'x', handle: 256, role: true }),
      `close ${Condition.framingError}`,
    ],
    ['a handle twice', attached, frame(ATTACH, { name: 'x', handle: 1, role: true }), `end ${Condition.handleInUse}`],
    ['a transfer to no link', attached, transfer({ handle: 7 }), `end ${Condition.unattachedHandle}`],
    ['a transfer on our sender', attached, transfer({ handle: 1 }), `end ${Condition.unattachedHandle}`],
    [
      'a flow for no link',
      attached,
      frame(FLOW, { incomingWindow: 1, nextOutgoingId: 0, outgoingWindow: 1, handle: 7 }),
      `end ${Condition.unattachedHandle}`,
    ],
    ['a detach of no link', attached, frame(DETACH, { handle: 7 }), `end ${Condition.unattachedHandle}`],
    ['a delivery without id', attached, transfer({ deliveryId: undefined }), `end ${Condition.invalidField}`],
    [
      'a delivery-tag of 33 bytes',
      attached,
      transfer({ deliveryTag: Buffer.alloc(33) }),
      `close ${Condition.decodeError}`,
    ],
    [
      'a disposition that ends before it begins',
      attached,
      frame(DISPOSITION, { role: true, first: 5, last: 4 }),
      `close ${Condition.decodeError}`,
    ],
  ])('%s', (_name, before, bytes, event) => {
    const end = listener();
    for (const piece of before) feed(end, piece);
    feed(end, bytes);
    expect(end.handler.events).toContain(event);
    const answersClose = event.startsWith('close');
    expect(end.connection.state).toBe(answersClose ? 'closed' : 'opened');
  });

  it('a delivery is settled when any of its transfers says so (§2.7.5)', () => {
    const end = listener();
    for (const piece of attached) feed(end, piece);
    feed(end, transfer({ more: true }));
    feed(end, frame(TRANSFER, { handle: 0, settled: true }, 0, Buffer.from('y')));
    expect(end.handler.messages.map(String)).toEqual(['xy']);
    expect(end.handler.links[0]!.unsettled).toBe(0);
  });

  it('an aborted delivery is none', () => {
    const end = listener();
    for (const piece of attached) feed(end, piece);
    feed(end, transfer({ more: true }));
    feed(end, frame(TRANSFER, { handle: 0, aborted: true }));
    feed(end, transfer({ deliveryId: 1 }));
    expect(end.handler.messages.map(String)).toEqual(['x']);
    expect(end.connection.partialBytes).toBe(0);
  });

  it('an unknown protocol header is answered with ours', () => {
    const end = listener();
    end.connection.ingest(Buffer.from('GET / HTTP/1.1\r\n'), 0, 16);
    expect(end.output.take().toString('latin1')).toBe('AMQP\x00\x01\x00\x00');
    expect(end.handler.events).toEqual(['close amqp:connection:framing-error', 'disconnect']);
  });

  it('discards what comes for a session that was ended for an error', () => {
    const end = listener();
    for (const piece of attached) feed(end, piece);
    feed(end, transfer({ handle: 7 }));
    feed(end, transfer({ handle: 0 }));
    feed(end, frame(DETACH, { handle: 0 }));
    expect(end.handler.messages).toHaveLength(0);
    feed(end, frame(END, {}));
    feed(end, frame(BEGIN, BEGIN_FIELDS));
    expect(end.handler.sessions).toHaveLength(2);
  });

  it('does not loop over what a huge range does not name', () => {
    const pair = new Pair();
    const { far } = pair.link('receiver');
    far.credit = 1;
    (far as SenderLink).send(Object.assign(new OutgoingDelivery(), { buffer: Buffer.from('m'), end: 1, context: 'c' }));
    const bytes = frame(DISPOSITION, { role: true, first: 0, last: 0x7fffffff, settled: true, state: ACCEPTED });
    pair.listener.connection.ingest(bytes, 0, bytes.length);
    expect(pair.listener.handler.outcomes).toEqual([{ context: 'c', state: ACCEPTED, settled: true }]);
  });
});

describe('golden frames', () => {
  it('the first bytes of a client', () => {
    const end = createEnd('client', {
      containerId: 'c',
      frameSizeMax: 1_024,
      channelMax: 7,
      handleMax: 3,
      incomingWindow: 16,
    });
    end.connection.start();
    const header = '414d515000010000';
    // SIZE DOFF TYPE CHANNEL, open: container-id "c", no hostname, max-frame-size 1024, channel-max 7
    const open = '0000001a 02 00 0000 005310 c00d04 a10163 40 7000000400 600007'.replaceAll(' ', '');
    expect(end.output.take().toString('hex')).toBe(header + open);
  });

  it('SASL mechanisms and outcome of a listener', () => {
    const end = listener();
    end.connection.ingest(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'), 0, 8);
    const mechanisms = '00000019 02 01 0000 005340 c00c01 a309 414e4f4e594d4f5553'.replaceAll(' ', '');
    expect(end.output.take().toString('hex')).toBe(`414d515003010000${mechanisms}`);
    const init = Buffer.from('0000001902010000005341c00c01a309414e4f4e594d4f5553', 'hex');
    end.connection.ingest(init, 0, init.length);
    expect(end.output.take().toString('hex')).toBe('0000001002010000005344c003015000');
  });
});
