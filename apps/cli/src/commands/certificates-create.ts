/** A private authority, a certificate for the server and one for each client that was named, in one directory. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority, Issued, Life } from '../certificates/issue.js';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';

export interface CertificatesCreateOptions {
  readonly directory: string;
  /** Names and addresses of the server, beside those of this machine's loopback. */
  readonly host?: readonly string[];
  /** User names. Default: client. */
  readonly client?: readonly string[];
  readonly days: number;
  readonly force?: true;
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const AUTHORITY = 'authority';
const SERVER = 'server';
const AUTHORITY_DAYS = 3_650;

interface NamedFile {
  readonly name: string;
  readonly text: string;
  readonly secret: boolean;
}

export async function certificatesCreate(terminal: Terminal, options: CertificatesCreateOptions): Promise<ExitCode> {
  const { directory, days, force = false } = options;
  const wanted = await wantedOf(options);
  for (const host of wanted.hosts) checkHost(host);
  for (const client of wanted.clients) checkClient(client);
  const issue = await import('../certificates/issue.js');
  const life: Life = { now: new Date(), days };
  const kept = force ? undefined : await authorityIn(directory);
  const authority =
    kept ?? (await issue.createAuthority('Millrace private authority', { ...life, days: AUTHORITY_DAYS }));
  const files = kept === undefined ? [...filesOf(AUTHORITY, authority)] : [];
  if (wanted.hosts.length > 0) {
    files.push(...filesOf(SERVER, await issue.createServerCertificate(authority, wanted.hosts, life)));
  }
  for (const client of wanted.clients) {
    files.push(...filesOf(client, await issue.createClientCertificate(authority, client, life)));
  }
  if (!force) await refuseExisting(directory, files);
  await writeAll(directory, files);
  for (const { name } of files) terminal.data(`${join(directory, name)}\n`);
  tell(terminal, { directory, days, reused: kept !== undefined, ...wanted });
  return EXIT_CODE.done;
}

interface Wanted {
  /** Empty: the server's certificate stays as it is. */
  readonly hosts: readonly string[];
  readonly clients: readonly string[];
}

/** A second call with `--client` alone adds clients to what is there. @throws CommandError when nothing is left to do */
async function wantedOf(options: CertificatesCreateOptions): Promise<Wanted> {
  const { directory, host, client, force } = options;
  const server = join(directory, `${SERVER}.pem`);
  const isThere = force !== true && (await stat(server).catch(() => undefined)) !== undefined;
  const hosts = isThere && host === undefined ? [] : [...new Set([...LOOPBACK, ...(host ?? [])])];
  const clients = [...new Set(client ?? (hosts.length > 0 ? ['client'] : []))];
  if (hosts.length === 0 && clients.length === 0) throw isThereAlready(server);
  return { hosts, clients };
}

function checkHost(host: string): void {
  if (/^[A-Za-z0-9*]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:.]+$/.test(host)) return;
  throw usageError(`"${host}" is neither a host name nor an address`, '--host broker.example.com --host 192.0.2.7');
}

/** It becomes the name of a file too. */
function checkClient(client: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(client) && ![AUTHORITY, SERVER].includes(client)) return;
  throw usageError(
    `"${client}" cannot be the name of a client's certificate`,
    'letters, digits and . _ @ -; neither "authority" nor "server"',
  );
}

function filesOf(name: string, { certificate, key }: Issued): readonly NamedFile[] {
  return [
    { name: `${name}.pem`, text: certificate, secret: false },
    { name: `${name}-key.pem`, text: key, secret: true },
  ];
}

/** An authority that is there already signs what is new: clients that trust it go on doing so. */
async function authorityIn(directory: string): Promise<Authority | undefined> {
  const files = filesOf(AUTHORITY, { certificate: '', key: '' }).map(({ name }) => join(directory, name));
  const [certificate, key] = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => undefined)));
  if (certificate === undefined || key === undefined) return undefined;
  const { readAuthority } = await import('../certificates/issue.js');
  try {
    return await readAuthority(certificate, key);
  } catch (error) {
    throw new CommandError(`the authority in ${directory} cannot be used: ${String((error as Error).message)}`, {
      hint: 'another directory, or --force to make all anew',
      cause: error,
    });
  }
}

async function refuseExisting(directory: string, files: readonly NamedFile[]): Promise<void> {
  for (const { name } of files) {
    const file = join(directory, name);
    if ((await stat(file).catch(() => undefined)) !== undefined) throw isThereAlready(file);
  }
}

function isThereAlready(file: string): CommandError {
  return new CommandError(`${file} is there already, and nothing was written`, {
    exitCode: EXIT_CODE.conflict,
    hint: '--client NAME adds a client, another directory begins anew, --force replaces all, the authority too',
  });
}

async function writeAll(directory: string, files: readonly NamedFile[]): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const { name, text, secret } of files) {
      const file = join(directory, name);
      // A file that is there keeps its mode: a key must not be written into one that others can read.
      await rm(file, { force: true });
      await writeFile(file, text, { mode: secret ? 0o600 : 0o644, flag: 'wx' });
    }
  } catch (error) {
    throw new CommandError(`the certificates cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

interface Told extends Wanted {
  readonly directory: string;
  readonly days: number;
  readonly reused: boolean;
}

function tell(terminal: Terminal, { directory, hosts, clients, days, reused }: Told): void {
  const at = (name: string): string => join(directory, name);
  const note = (line: string): void => terminal.note(line);
  if (reused) note(`Signed by the authority that was there; good for ${days} days.`);
  else note(`A new authority, good for ${AUTHORITY_DAYS} days, and certificates good for ${days} days.`);
  note(`Keep ${at('authority-key.pem')} to yourself: whoever has it can be anyone.`);
  if (hosts.length > 0) {
    note(`\nThe server, as ${hosts.join(', ')}:`);
    note(`  millrace serve --tls-certificate ${at('server.pem')} --tls-key ${at('server-key.pem')} \\`);
    note(`    --tls-client-authorities ${at('authority.pem')}`);
  }
  for (const client of clients) {
    const files = `--cert ${at(`${client}.pem`)} --key ${at(`${client}-key.pem`)}`;
    note(`\nA client that is the user ${client}:`);
    note(`  mosquitto_pub -h localhost -p 8883 --cafile ${at('authority.pem')} ${files} -t temperature -m 20`);
  }
  note('\nWhat the server shows:');
  note(
    `  openssl s_client -connect localhost:8883 -CAfile ${at('authority.pem')} -verify_return_error -brief < /dev/null`,
  );
  note('Programs on Node, millrace among them, trust the authority with:');
  note(`  export NODE_EXTRA_CA_CERTS=${at('authority.pem')}`);
}
