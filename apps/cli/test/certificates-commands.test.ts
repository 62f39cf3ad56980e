import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'millrace-certificates-'));
  directory = join(parent, 'made');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

async function create(...more: string[]): Promise<{ readonly code: number; readonly terminal: FakeTerminal }> {
  const terminal = fakeTerminal();
  const code = await main(['certificates', 'create', directory, ...more], terminal);
  return { code, terminal };
}

function read(name: string): string {
  return readFileSync(join(directory, name), 'utf8');
}

function certificate(name: string): X509Certificate {
  return new X509Certificate(read(`${name}.pem`));
}

describe('millrace certificates create', () => {
  it('makes an authority, a server and a client, with keys for the owner alone', async () => {
    const { code, terminal } = await create('--host', 'broker.example.com', '--host', '192.0.2.7', '--days', '10');
    expect(code).toBe(0);
    const names = ['authority', 'server', 'client'];
    const files = names.flatMap((name) => [`${name}.pem`, `${name}-key.pem`]);
    expect(terminal.output()).toBe(files.map((file) => `${join(directory, file)}\n`).join(''));
    const modes = files.map((file) => [file, (statSync(join(directory, file)).mode & 0o777).toString(8)]);
    expect(modes).toEqual(files.map((file) => [file, file.endsWith('-key.pem') ? '600' : '644']));
    const [authority, server, client] = names.map(certificate) as [X509Certificate, X509Certificate, X509Certificate];
    expect([authority.ca, server.ca, server.checkIssued(authority), client.verify(authority.publicKey)]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    for (const host of ['localhost', 'broker.example.com']) expect(server.checkHost(host)).toBe(host);
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) expect(server.checkIP(address)).toBe(address);
    expect([server.checkHost('other.example.com'), client.subject]).toEqual([undefined, 'CN=client']);
    expect(server.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const days = (new Date(server.validTo).getTime() - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(10);
    for (const said of ['--tls-certificate', 'mosquitto_pub', 'openssl s_client', 'NODE_EXTRA_CA_CERTS']) {
      expect(terminal.notes()).toContain(said);
    }
  });

  it('makes what TLS takes on both ends', async () => {
    await create('--client', 'ann');
    const [ca, asked] = [read('authority.pem'), { requestCert: true, rejectUnauthorized: true }];
    const users: (string | undefined)[] = [];
    const server = createServer({ key: read('server-key.pem'), cert: read('server.pem'), ca, ...asked }, (socket) => {
      users.push(String(socket.getPeerCertificate().subject.CN));
      socket.end('hello');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const options = { host: '127.0.0.1', port, ca, cert: read('ann.pem'), key: read('ann-key.pem') };
    const text = await new Promise<string>((resolve, reject) => {
      const socket: TLSSocket = connectTls(options);
      socket.on('data', (data) => resolve(String(data)));
      socket.on('error', reject);
    });
    server.close();
    expect([text, users]).toEqual(['hello', ['ann']]);
  });

  it('overwrites nothing, and adds clients to the authority that is there', async () => {
    await create();
    const before = new Map(readdirSync(directory).map((file) => [file, read(file)]));
    for (const more of [[], ['--client', 'client'], ['--host', 'x.example.com']]) {
      const { code, terminal } = await create(...more);
      expect([more, code]).toEqual([more, 5]);
      expect(terminal.notes()).toMatch(/is there already, and nothing was written/);
    }
    expect(new Map(readdirSync(directory).map((file) => [file, read(file)]))).toEqual(before);
    expect((await create('--client', 'bob')).code).toBe(0);
    for (const [file, text] of before) expect(read(file)).toBe(text);
    expect(certificate('bob').verify(certificate('authority').publicKey)).toBe(true);
  });

  it('begins anew with --force, also where a file can be read by others', async () => {
    await create();
    const before = read('authority.pem');
    writeFileSync(join(directory, 'client-key.pem'), 'x', { mode: 0o644 });
    expect((await create('--force')).code).toBe(0);
    expect(read('authority.pem')).not.toBe(before);
    expect(certificate('client').verify(certificate('authority').publicKey)).toBe(true);
    expect(statSync(join(directory, 'client-key.pem')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a host that is none', ['--host', 'a b'], 2, /neither a host name nor an address/],
    ['a client that would be a path', ['--client', '../x'], 2, /cannot be the name/],
    ['a client that would be the authority', ['--client', 'authority'], 2, /cannot be the name/],
    ['no days', ['--days', '0'], 2, /whole number/],
  ])('refuses %s', async (_name, more, expected, reason) => {
    const { code, terminal } = await create(...more);
    expect([code, readdirSync(parent)]).toEqual([expected, []]);
    expect(terminal.notes()).toMatch(reason);
  });

  it('says what is wrong with an authority that cannot be used', async () => {
    await create();
    writeFileSync(join(directory, 'authority-key.pem'), 'nothing');
    const { code, terminal } = await create('--client', 'bob');
    expect(code).toBe(1);
    expect(terminal.notes()).toMatch(/the authority in .* cannot be used/);
  });
});
