import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWindow, windowAsJson, windowAsText } from '../src/commands/demo-window.js';
import { inputLines, repeatedBodies, simulatedBodies } from '../src/messaging/bodies.js';
import { formatBrokerUrl, parseBrokerUrl } from '../src/messaging/broker-url.js';
import { InFlight } from '../src/messaging/in-flight.js';
import { incomingAsJson, incomingAsText } from '../src/messaging/incoming-text.js';
import { ACCEPTED, type IncomingMessage, textOrBytes } from '../src/messaging/message.js';
import { parseDuration, parseProperty } from '../src/text/option-values.js';
import { formatTable, printable } from '../src/text/table.js';
import { underline } from '../src/text/underline.js';
import { fakeTerminal } from './fake-terminal.js';

function incoming(part: Partial<IncomingMessage>): IncomingMessage {
  return {
    address: 'max',
    body: '',
    properties: {},
    subject: undefined,
    messageId: undefined,
    correlationId: undefined,
    replyTo: undefined,
    contentType: undefined,
    durable: false,
    redelivered: false,
    retained: false,
    ...part,
  };
}

describe('option values', () => {
  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(['5', 's', '-1s', '1 s', '1e3s', '5sec', ''])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrow();
  });

  it('properties are collected, and a value may hold "="', () => {
    expect(parseProperty('b=2=2', { a: '1' })).toEqual({ a: '1', b: '2=2' });
  });
});

describe('broker URL', () => {
  it.each([
    ['amqp://h', { protocol: 'amqp', host: 'h', port: 5672, tls: false }],
    ['amqps://h', { port: 5671, tls: true }],
    ['mqtt://h:99', { protocol: 'mqtt', port: 99, tls: false }],
    ['mqtts://[::1]', { host: '::1', port: 8883, tls: true }],
    ['amqp://u%40x:p%3A@h', { username: 'u@x', password: 'p:' }],
  ])('%s', (text, parts) => expect(parseBrokerUrl(text, {})).toMatchObject(parts));

  it('takes credentials from the environment, and never shows a password', () => {
    const url = parseBrokerUrl('amqp://h', { MILLRACE_USERNAME: 'u', MILLRACE_PASSWORD: 'p' });
    expect(url).toMatchObject({ username: 'u', password: 'p' });
    expect(formatBrokerUrl(url)).toBe('amqp://h:5672');
    expect(formatBrokerUrl(parseBrokerUrl('mqtts://u:p@[::1]', {}))).toBe('mqtts://[::1]:8883');
  });
});

describe('table', () => {
  it('pads by characters and cuts at the width', () => {
    const columns = [
      { title: 'A', value: (row: string) => row },
      { title: 'N', value: (row: string) => row.length, align: 'right' as const },
    ];
    expect(formatTable(columns, ['ä', 'bcd'])).toBe('A    N\nä    1\nbcd  3\n');
    expect(formatTable(columns, ['bcdefgh'], { maxWidth: 5 })).toBe('A   …\nbcde…\n');
  });

  it('shows control characters, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(printable(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

describe('underline', () => {
  const sql = 'SELECT a\nFROM STREAM\tt\nWHERE x';
  it.each([
    [{ start: 0, end: 6 }, 'line 1, column 1:', '  | ^^^^^^'],
    [{ start: 7, end: 12 }, 'line 1, column 8:', '  |        ^'],
    [{ start: 21, end: 22 }, 'line 2, column 13:', '  |             ^'],
    [{ start: 29, end: 30 }, 'line 3, column 7:', '  |       ^'],
    [{ start: 99, end: 99 }, 'line 3, column 8:', '  |        ^'],
  ])('%j', (span, place, marks) => {
    const lines = underline(sql, span);
    expect([lines[0], lines[2]]).toEqual([place, marks]);
  });
});

describe('bodies', () => {
  it('are repeated in turn', () => expect([...repeatedBodies(['a', 'b'], 5)]).toEqual(['a', 'b', 'a', 'b', 'a']));

  it('simulated ones are believable whole degrees, equal for equal seeds', () => {
    const walk = [...simulatedBodies(42, 10_000)].map(Number);
    expect([...simulatedBodies(42, 10_000)].map(Number)).toEqual(walk);
    expect([...simulatedBodies(43, 100)].map(Number)).not.toEqual(walk.slice(0, 100));
    expect(walk.every((degrees) => Number.isInteger(degrees) && degrees > 0 && degrees < 45)).toBe(true);
    expect(new Set(walk).size).toBeGreaterThan(5);
    const steps = walk.slice(1).map((degrees, index) => Math.abs(degrees - (walk[index] ?? 0)));
    expect(Math.max(...steps)).toBeLessThanOrEqual(3);
  });

  it('are the lines of standard input, whatever ends them', async () => {
    const lines: string[] = [];
    for await (const line of inputLines(fakeTerminal({ input: 'a\r\n\nb' }), undefined, new AbortController().signal)) {
      lines.push(line);
    }
    expect(lines).toEqual(['a', '', 'b']);
  });
});

describe('sends under way', () => {
  it('are bounded, counted, and waited for', async () => {
    const inFlight = new InFlight(2, new AbortController().signal);
    const settle: (() => void)[] = [];
    const send = (reason?: string) =>
      inFlight.add(
        new Promise((resolve) =>
          settle.push(() => resolve(reason === undefined ? ACCEPTED : { kind: 'refused', reason })),
        ),
      );
    send();
    send('full');
    let room = false;
    const waiting = inFlight.room().then(() => {
      room = true;
    });
    await delay(1);
    expect(room).toBe(false);
    settle[0]?.();
    await waiting;
    settle[1]?.();
    await inFlight.drained();
    expect([inFlight.accepted, inFlight.refused, [...inFlight.reasons]]).toEqual([1, 1, [['full', 1]]]);
  });

  it('are waited for no longer than a moment after the signal, with one listener on it', async () => {
    const controller = new AbortController();
    const inFlight = new InFlight(1, controller.signal);
    inFlight.add(new Promise(() => {}));
    const room = inFlight.room();
    const listeners = getEventListeners(controller.signal, 'abort');
    expect(listeners).toHaveLength(1);
    controller.abort();
    await room;
    await inFlight.drained();
    expect([inFlight.accepted, inFlight.refused]).toEqual([0, 0]);
  });

  it('throw what a send threw', async () => {
    const inFlight = new InFlight(1, new AbortController().signal);
    inFlight.add(Promise.reject(new Error('lost')));
    await expect(inFlight.drained()).rejects.toThrow('lost');
    await expect(inFlight.room()).rejects.toThrow('lost');
  });
});

describe('a message that came', () => {
  it('is text where its bytes are UTF-8, and a copy of them elsewhere', () => {
    expect(textOrBytes(Buffer.from('ä'))).toBe('ä');
    const bytes = Buffer.from([0xff, 0x00]);
    const kept = textOrBytes(bytes);
    bytes.fill(1);
    expect(kept).toEqual(new Uint8Array([0xff, 0x00]));
  });

  it('is one line of text', () => {
    expect(incomingAsText(incoming({ body: 'a\u001b[2J' }), { forTerminal: true })).toBe('a\\x1b[2J\n');
    expect(incomingAsText(incoming({ body: 'a\u001b[2J' }), { forTerminal: false })).toBe('a\u001b[2J\n');
    expect(incomingAsText(incoming({ body: new Uint8Array([255]) }), { forTerminal: false })).toBe('base64:/w==\n');
  });

  it('is one JSON object without what it has not', () => {
    expect(JSON.parse(incomingAsJson(incoming({ body: '27', properties: { readings: '5' } })))).toEqual({
      address: 'max',
      body: '27',
      properties: { readings: '5' },
    });
    expect(JSON.parse(incomingAsJson(incoming({ body: new Uint8Array([255]), durable: true })))).toEqual({
      address: 'max',
      body: '/w==',
      bodyEncoding: 'base64',
      durable: true,
    });
  });
});

describe('a window of the demo', () => {
  const properties = { window_start: '2026-11-24 08:17:00', window_end: '2026-11-24 08:17:05', readings: '25' };

  it('is read from the message alone', () => {
    const window = readWindow(incoming({ body: '27', properties }));
    expect(window).toEqual({ start: properties.window_start, end: properties.window_end, max: 27, readings: 25 });
    if (window === undefined) throw new Error('unreachable');
    expect(windowAsJson(window)).toBe(
      '{"window_start":"2026-11-24 08:17:00","window_end":"2026-11-24 08:17:05","max":27,"readings":25}\n',
    );
    expect(windowAsText(window)).toBe('08:17:00 – 08:17:05   max 27   25 readings\n');
  });

  it('names both days at midnight, and has no maximum without numbers', () => {
    const window = { start: '2026-11-24 23:59:55', end: '2026-11-25 00:00:00', max: null, readings: 1 };
    expect(windowAsText(window)).toBe('2026-11-24 23:59:55 – 2026-11-25 00:00:00   max -   1 reading\n');
    expect(readWindow(incoming({ body: '', properties }))?.max).toBe(null);
  });

  it('is not any message', () => expect(readWindow(incoming({ body: '27' }))).toBe(undefined));
});
