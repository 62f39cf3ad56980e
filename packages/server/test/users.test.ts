import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, ProblemError } from '@millrace/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, type ServerOptions, startServer } from '../src/index.js';

const running: RunningServer[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const PORTS = { amqpPort: 0, mqttPort: 0, httpPort: 0 } as const;
const PASSWORD = 'correct-horse-battery';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-users-'));
  directories.push(directory);
  return directory;
}

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ ...PORTS, log: () => {}, ...options });
  running.push(server);
  return server;
}

function user(
  name: string,
  permissions: readonly object[] = [{ verbs: ['manage', 'view'], addresses: ['#'] }],
): object {
  return {
    apiVersion: 'millrace.dev/v1',
    kind: 'User',
    metadata: { name },
    spec: { authentication: { type: 'password', password: PASSWORD }, permissions },
  };
}

function clientOf(server: RunningServer, username?: string, password = PASSWORD) {
  const { port } = server.endpoints.find(({ protocol }) => protocol === 'http')!;
  const login = username === undefined ? {} : { login: { username, password } };
  return createClient({ server: `http://127.0.0.1:${port}`, ...login });
}

async function statusOf(promise: Promise<unknown>): Promise<number> {
  return promise.then(
    () => 200,
    (error: unknown) => (error as ProblemError).problem.status,
  );
}

/** Whether any file below holds these bytes. */
function holds(directory: string, text: string): boolean {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .some((path) => readFileSync(path).includes(text));
}

describe('a server with users', () => {
  it('has them from its first connection on, and after a restart', async () => {
    const dataDirectory = temporary();
    const auditFile = join(dataDirectory, '..', `${dataDirectory.split('/').at(-1)}.audit`);
    directories.push(auditFile);
    const security = { auditFile };
    const prepare: ServerOptions['prepare'] = (server) => server.apply([user('ann')]);
    const first = await start({ dataDirectory, security, prepare });
    expect(await statusOf(clientOf(first).status())).toBe(401);
    expect(await statusOf(clientOf(first, 'ann', 'wrong').status())).toBe(401);
    expect(await statusOf(clientOf(first, 'ann').status())).toBe(200);
    await clientOf(first, 'ann').users.put(user('bob', []) as never);
    await running.pop()!.close();

    expect(holds(dataDirectory, PASSWORD)).toBe(false);
    expect(holds(dataDirectory, 'storedKey')).toBe(true);
    expect(statSync(join(dataDirectory, 'login-secret')).mode & 0o777).toBe(0o600);
    const secret = readFileSync(join(dataDirectory, 'login-secret'));

    const second = await start({ dataDirectory, security });
    expect(await statusOf(clientOf(second).status())).toBe(401);
    expect(await statusOf(clientOf(second, 'ann').status())).toBe(200);
    expect(await statusOf(clientOf(second, 'bob').status())).toBe(403);
    expect(readFileSync(join(dataDirectory, 'login-secret'))).toEqual(secret);

    const log = readFileSync(auditFile, 'utf8');
    expect(log).not.toContain(PASSWORD);
    expect(statSync(auditFile).mode & 0o777).toBe(0o600);
    const lines = log.trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    expect(records).toContainEqual(
      expect.objectContaining({ event: 'change', outcome: 'success', user: 'ann', action: 'PUT /v1/users/bob' }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({
        event: 'login',
        outcome: 'failure',
        user: 'ann',
        reason: 'wrong password',
        host: '127.0.0.1',
      }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ event: 'refusal', user: 'bob', action: 'GET /v1/status' }),
    );
  });

  it('may listen where others can reach it; without users, or an issuer of tokens, it may not', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ name: 'ExposureError' });
    const server = await start({ host: '0.0.0.0', prepare: (it) => it.apply([user('ann')]) });
    expect(await statusOf(clientOf(server).status())).toBe(401);
    const dataDirectory = temporary();
    await expect(start({ host: '0.0.0.0', dataDirectory })).rejects.toMatchObject({ name: 'ExposureError' });
    // The store was let go of.
    await start({ host: '0.0.0.0', dataDirectory, prepare: (it) => it.apply([user('ann')]) });
  });

  it('that cannot have its audit file does not start, and lets go of its store', async () => {
    const dataDirectory = temporary();
    const security = { auditFile: join(dataDirectory, 'nowhere', 'audit.log') };
    await expect(start({ dataDirectory, security })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(join(dataDirectory, 'nowhere'))).toBe(false);
    await start({ dataDirectory });
  });

  it('that is refused a document while it prepares does not start', async () => {
    const prepare: ServerOptions['prepare'] = (server) => server.apply([user('ann', [])]);
    await expect(start({ prepare })).rejects.toBeInstanceOf(ProblemError);
  });
});
