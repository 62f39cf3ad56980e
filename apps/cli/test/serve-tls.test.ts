import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { fakeTerminal } from './fake-terminal.js';

let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-serve-'));
  await main(['certificates', 'create', directory], fakeTerminal());
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string): string => join(directory, `${name}.pem`);
const PORTS = ['amqp', 'mqtt', 'http', 'amqps', 'mqtts', 'https'].flatMap((name) => [`--${name}-port`, '0']);

describe('millrace serve with TLS', () => {
  it('has three ports more, and says where they are', async () => {
    const terminal = fakeTerminal();
    const files = ['--tls-certificate', file('server'), '--tls-key', file('server-key')];
    const ended = main(['serve', ...PORTS, ...files], terminal);
    await terminal.notesHolding('millrace ready');
    const line = terminal.notes();
    expect(line).toMatch(/amqp:.* mqtt:.* amqps:.* mqtts:.* http:.* https:/);
    const port = Number(/mqtts:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    await new Promise<void>((resolve, reject) => {
      // Encrypted, whoever signs it: certificates-commands.test.ts looks at that.
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(void socket.end()));
      socket.on('error', reject);
    });
    terminal.interrupt();
    expect(await ended).toBe(0);
  });

  it.each([
    ['a certificate without its key', () => ['--tls-certificate', file('server')], 1, /a certificate and its key/],
    ['authorities alone', () => ['--tls-client-authorities', file('authority')], 1, /a certificate and its key/],
    [
      "another's key",
      () => ['--tls-certificate', file('server'), '--tls-key', file('client-key')],
      1,
      /TLS cannot begin: .*client-key\.pem: the key does not fit the certificate in .*server\.pem/,
    ],
    [
      'a file that is no PEM',
      () => ['--tls-certificate', file('text'), '--tls-key', file('server-key')],
      1,
      /text\.pem: it is no PEM file/,
    ],
  ])('does not start with %s', async (_name, given, expected, reason) => {
    writeFileSync(file('text'), 'hello');
    const terminal = fakeTerminal();
    expect(await main(['serve', ...PORTS, ...given()], terminal)).toBe(expected);
    expect(terminal.notes()).toMatch(reason);
  });
});
