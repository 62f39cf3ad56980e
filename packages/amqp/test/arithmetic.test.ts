import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryRing } from '../src/engine/delivery-ring.js';
import { DispositionFrame, DispositionRange, writeAccepted } from '../src/engine/disposition-frame.js';
import { serialAdd, serialDifference } from '../src/engine/serial-number.js';
import { SessionWindow } from '../src/engine/session-window.js';
import { ACCEPTED, type DeliveryState, Encoder, GrowingOutput, RELEASED } from '../src/index.js';
import { encodeComposite } from '../src/performatives/composite.js';
import { DISPOSITION } from '../src/performatives/performatives.js';

describe('serial numbers (RFC 1982)', () => {
  it.each([
    [5, 3, 2],
    [3, 5, -2],
    [0, 0xffffffff, 1],
    [0xffffffff, 0, -1],
    [0x80000000, 0x7fffffff, 1],
  ])('%i is ahead of %i by %i', (a, b, difference) => {
    expect(serialDifference(a, b)).toBe(difference);
    expect(serialAdd(b, difference)).toBe(a);
  });
});

describe('session windows (§2.5.6)', () => {
  it('counts what is received, and renews', () => {
    const window = new SessionWindow(4);
    window.begun(0xffffffff, 10, 10);
    expect(window.isLow).toBe(false);
    for (let i = 0; i < 3; i++) window.transferReceived();
    expect([window.nextIncomingId, window.incomingWindow, window.remoteOutgoingWindow, window.isLow]).toEqual([
      2,
      1,
      7,
      true,
    ]);
    window.renew();
    expect([window.incomingWindow, window.isLow]).toEqual([4, false]);
    for (let i = 0; i < 4; i++) window.transferReceived();
    expect(() => window.transferReceived()).toThrow(/incoming window/);
  });

  it.each<[string, sent: number, nextIncomingId: number | undefined, incomingWindow: number, left: number]>([
    ['all has arrived', 3, 3, 10, 10],
    ['two are on their way', 3, 1, 10, 8],
    ['more are on their way than the window has', 5, 0, 3, -2],
    ['the peer has not seen our begin', 3, undefined, 10, 7],
    ['the window is closed', 3, 3, 0, 0],
    ['the window is as wide as can be', 1, 1, 0xffffffff, 0xffffffff],
  ])('what may be sent when %s', (_name, sent, nextIncomingId, incomingWindow, left) => {
    const window = new SessionWindow(100);
    window.begun(0, 100, 100);
    for (let i = 0; i < sent; i++) window.transferSent();
    window.flowReceived(nextIncomingId, incomingWindow, 7, 50);
    expect(window.remoteIncomingWindow).toBe(left);
    expect([window.nextIncomingId, window.remoteOutgoingWindow]).toEqual([7, 50]);
  });
});

describe('dispositions', () => {
  const anyState = fc.constantFrom<DeliveryState | undefined>(
    ACCEPTED,
    RELEASED,
    undefined,
    { kind: 'modified', deliveryFailed: true },
    { kind: 'received', sectionNumber: 1, sectionOffset: 2 },
  );

  it('are read the same by hand and by table', () => {
    fc.assert(
      fc.property(
        fc.record({
          role: fc.boolean(),
          first: fc.constantFrom(0, 7, 300, 0xfffffffe),
          width: fc.option(fc.nat({ max: 1_000 }), { nil: undefined }),
          settled: fc.option(fc.boolean(), { nil: undefined }),
          state: anyState,
          batchable: fc.option(fc.boolean(), { nil: undefined }),
        }),
        ({ width, ...fields }) => {
          const last = width === undefined ? undefined : serialAdd(fields.first, width);
          const encoder = new Encoder();
          encodeComposite(encoder, DISPOSITION, { ...fields, last });
          const bytes = Buffer.concat([encoder.view(), Buffer.from('next frame')]);
          const frame = new DispositionFrame();
          frame.parse(bytes, 3, encoder.position);
          expect([frame.role, frame.first, frame.last]).toEqual([fields.role, fields.first, last ?? fields.first]);
          expect([frame.settled, frame.state]).toEqual([fields.settled ?? false, fields.state]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of a run are written as they are read', () => {
    const output = new GrowingOutput();
    const range = Object.assign(new DispositionRange(), { first: 5, last: 0x12345 });
    writeAccepted(output, 3, true, range);
    const bytes = output.take();
    expect([bytes.readUInt32BE(0), bytes.readUInt16BE(6)]).toEqual([bytes.length, 3]);
    const frame = new DispositionFrame();
    frame.parse(bytes, 11, bytes.length);
    expect(frame).toMatchObject({ role: true, first: 5, last: 0x12345, settled: true, state: ACCEPTED });
  });
});

describe('the ring of unsettled deliveries', () => {
  it('is a map, whatever is settled in whatever order', () => {
    const operation = fc.record({
      kind: fc.constantFrom('add', 'add', 'add', 'takeOldest', 'takeNewest', 'takeAny', 'skip'),
      by: fc.nat({ max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), fc.nat({ max: 0xffffffff }), (operations, first) => {
        const ring = new DeliveryRing<string>();
        const model = new Map<number, number>();
        let next = first >>> 0;
        for (const { kind, by } of operations) {
          const ids = [...model.keys()];
          if (kind === 'skip') next = serialAdd(next, by);
          else if (kind === 'add') {
            expect(ring.add(next, 'link', by)).toBe(!model.has(next));
            model.set(next, model.get(next) ?? by);
            next = serialAdd(next, 1);
          } else {
            const id =
              kind === 'takeOldest' ? ids[0] : kind === 'takeNewest' ? ids.at(-1) : ids[by % (ids.length || 1)];
            if (id === undefined) continue;
            expect(ring.take(id)).toBe(true);
            expect(ring.context).toBe(model.get(id));
            model.delete(id);
            expect(ring.take(id)).toBe(false);
          }
          expect(ring.count).toBe(model.size);
        }
        for (const [id, context] of model) {
          expect(ring.find(id)).toBe(true);
          expect(ring.context).toBe(context);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a straggler while a hundred thousand others come and go', () => {
    const ring = new DeliveryRing<string>();
    ring.add(0, 'a', 'straggler');
    for (let id = 1; id < 100_000; id++) {
      ring.add(id, 'b', id);
      if (id > 5_000) ring.take(id - 5_000);
    }
    expect(ring.take(0)).toBe(true);
    expect([ring.link, ring.context]).toEqual(['a', 'straggler']);
    expect(ring.idsBetween(0, 0xffffffff)).toHaveLength(ring.count);
    ring.removeLink('b');
    expect(ring.count).toBe(0);
  });
});
