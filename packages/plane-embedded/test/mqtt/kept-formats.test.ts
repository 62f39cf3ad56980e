/** The bytes of what is kept over a restart: these are files of users, and may not change. */

import type { SubscriptionRequest } from '@millrace/mqtt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeptFormatError } from '../../src/kept-format-error.js';
import {
  decodeClock,
  decodeIncoming,
  decodeOutgoing,
  decodeSession,
  decodeSubscription,
  decodeWill,
  encodeClock,
  encodeOutgoing,
  encodeSession,
  encodeSubscription,
  encodeWill,
  INCOMING,
  type KeptWill,
  partKey,
  splitKey,
} from '../../src/mqtt/kept-formats.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const request: SubscriptionRequest = {
  filter: '$share/g/a/+',
  shared: { group: 'g', filter: 'a/+' },
  qos: 2,
  noLocal: false,
  retainAsPublished: true,
  retainHandling: 1,
};
const will: KeptWill = {
  connected: true,
  principal: { name: 'ann', authenticated: true },
  topic: 'gone',
  qos: 2,
  retain: true,
  delaySeconds: 20,
  expirySeconds: undefined,
  dueAt: 0,
  properties: Buffer.from([0x01, 0x01]),
  payload: Buffer.from('bye'),
};

describe('bytes of format version 1', () => {
  test('a session', () => {
    const away = { connected: false, expirySeconds: 100, expiresAt: 1_700_000_000_000, owner: 'ann' };
    const sent = new Map([
      [1, 77],
      [2, Number.POSITIVE_INFINITY],
    ]);
    expect(hex(encodeSession({ ...away, sent }))).toBe(
      `01 00 00000064 4278bcfe56800000 0003 616e6e 00000001 00000000004d 00000002 ffffffffffff`.replaceAll(' ', ''),
    );
    expect(decodeSession('c', encodeSession({ ...away, sent }))).toEqual({ ...away, sent });
    const connected = { ...away, connected: true, expiresAt: 0, sent: new Map() };
    expect(hex(encodeSession(connected)).slice(0, 4)).toBe('0101');
    expect(decodeSession('c', encodeSession(connected))).toEqual(connected);
  });

  test('a subscription', () => {
    const value = { request, number: 7, identifier: 268_435_455 };
    expect(hex(encodeSubscription(value))).toBe('011a000000070fffffff');
    expect(decodeSubscription(partKey('c', request.filter), encodeSubscription(value))).toEqual(value);
  });

  test('packet identifiers', () => {
    const value = { place: 65_536, number: 7, sequence: 2 ** 40 };
    expect(hex(encodeOutgoing(value))).toBe('0100000001000000000007010000000000');
    expect(decodeOutgoing('c\0' + '5', encodeOutgoing(value))).toEqual(value);
    expect(hex(INCOMING)).toBe('01');
    expect(decodeIncoming(partKey('c', 65_535), INCOMING)).toBe(65_535);
  });

  test('a will', () => {
    expect(hex(encodeWill(will))).toBe(
      '01 17 00000014 ffffffff 0000000000000000 0003 616e6e 0004 676f6e65 00000002 0101 627965'.replaceAll(' ', ''),
    );
    expect(decodeWill('c', encodeWill(will))).toEqual(will);
    const later = { ...will, connected: false, expirySeconds: 9, dueAt: 1_700_000_000_000, payload: Buffer.alloc(0) };
    expect(decodeWill('c', encodeWill(later))).toEqual(later);
  });

  test('the clock', () => {
    expect(hex(encodeClock(1_700_000_000_000))).toBe('014278bcfe56800000');
    expect(decodeClock(encodeClock(5))).toBe(5);
  });

  test('keys', () => {
    expect(splitKey(partKey('a/b', 'c/\u00fc'))).toEqual({ clientId: 'a/b', part: 'c/\u00fc' });
  });
});

const decoders: Record<string, (bytes: Buffer) => unknown> = {
  'mqtt/session': (bytes) => decodeSession('c\0t', bytes),
  'mqtt/subscription': (bytes) => decodeSubscription('c\0t', bytes),
  'mqtt/outgoing': (bytes) => decodeOutgoing('c\0t', bytes),
  'mqtt/incoming': (bytes) => decodeIncoming('c\0' + '1', bytes),
  'mqtt/will': (bytes) => decodeWill('c\0t', bytes),
  'mqtt/clock': decodeClock,
};

describe.each(Object.entries(decoders))('%s', (kind, decode) => {
  test('of a newer version is refused by name', () => {
    expect(() => decode(Buffer.from([2]))).toThrow(
      new RegExp(`^${kind} ".*" is kept in format version 2; this program knows 1 and older ones$`),
    );
  });

  test('of any bytes is read, or refused by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decode(Buffer.from([1, ...bytes]));
        } catch (error) {
          expect(error).toBeInstanceOf(KeptFormatError);
        }
      }),
    );
    expect(() => decode(Buffer.alloc(0))).toThrow(KeptFormatError);
  });
});
