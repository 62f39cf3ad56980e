import { checkDocument, type DesiredDocument, ProblemError } from '@millrace/contract';
import { Access } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { MemoryDocumentStore } from '../src/index.js';
import { createWorld, desired, user } from './support/world.js';

const NOTHING: readonly object[] = [];

function withPassword(name: string, password: string, spec: object = {}): DesiredDocument {
  const permissions = [{ verbs: ['manage'], addresses: ['#'] }];
  return desired('User', name, { authentication: { type: 'password', password }, permissions, ...spec });
}

async function createUsers() {
  const access = new Access();
  const store = new MemoryDocumentStore();
  const world = await createWorld({ users: access, store });
  const logIn = async (name: string, password: string): Promise<boolean> => {
    const origin = { protocol: 'http', host: '127.0.0.1', encrypted: false } as const;
    return (await access.authenticator.password(name, Buffer.from(password), origin)).ok;
  };
  return { ...world, access, store, logIn };
}

async function problemOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem: ${String(error)}`);
  return `${error.slug} ${error.problem.errors?.[0]?.pointer ?? ''}`.trim();
}

describe('a password', () => {
  it('is stored and shown nowhere, and logs in at once', async () => {
    const { controller, store, events, logIn } = await createUsers();
    const result = await controller.put(withPassword('ann', 'hunter2-hunter2'));
    expect(result).toMatchObject({
      outcome: 'created',
      document: {
        spec: { authentication: { type: 'password' } },
        status: { phase: 'Ready', credentials: { mechanism: 'SCRAM-SHA-256', iterations: 15_000 } },
      },
    });
    const stored = store.get('User', 'ann')!;
    expect(stored.spec.authentication).toMatchObject({ credentials: { iterations: 15_000 } });
    expect(await logIn('ann', 'hunter2-hunter2')).toBe(true);
    expect(await logIn('ann', 'hunter2')).toBe(false);
    const dry = await controller.put(withPassword('ann', 'hunter2-other'), { dryRun: true });
    const patched = await controller.patch('User', 'ann', { metadata: { labels: { a: 'b' } } });
    const shown = JSON.stringify([result, dry, patched, controller.get('User', 'ann'), events]);
    for (const secret of ['hunter2', 'storedKey', 'serverKey', 'salt']) expect(shown).not.toContain(secret);
    expect(JSON.stringify(stored)).not.toContain('hunter2');
  });

  it('that is the same changes nothing; a document that was read and sent back does not either', async () => {
    const { controller, store, logIn } = await createUsers();
    await controller.put(withPassword('ann', 'one'));
    const before = store.get('User', 'ann');
    expect((await controller.put(withPassword('ann', 'one'))).outcome).toBe('unchanged');
    const shown = checkDocument(controller.require('User', 'ann'));
    if (!shown.ok) throw new Error(JSON.stringify(shown.details));
    expect((await controller.put(shown.value)).outcome).toBe('unchanged');
    expect(store.get('User', 'ann')).toEqual(before);
    expect((await controller.put(withPassword('ann', 'two'))).outcome).toBe('changed');
    expect([await logIn('ann', 'one'), await logIn('ann', 'two')]).toEqual([false, true]);
  });

  it('can be patched, and stays when something else is', async () => {
    const { controller, logIn } = await createUsers();
    await controller.put(withPassword('ann', 'one'));
    await controller.patch('User', 'ann', { spec: { permissions: [{ verbs: ['manage', 'send'], addresses: ['#'] }] } });
    expect(await logIn('ann', 'one')).toBe(true);
    await controller.patch('User', 'ann', { spec: { authentication: { password: 'two' } } });
    expect([await logIn('ann', 'one'), await logIn('ann', 'two')]).toEqual([false, true]);
  });

  it('is needed for a new user', async () => {
    const { controller } = await createUsers();
    const without = desired('User', 'ann', { authentication: { type: 'password' } });
    expect(await problemOf(controller.put(without))).toBe('invalid-document /spec/authentication/password');
    const unfit = withPassword('ann', 'a\u0007b');
    expect(await problemOf(controller.put(unfit))).toBe('invalid-document /spec/authentication/password');
  });
});

describe('the administrator', () => {
  it('is the first user, unless forced', async () => {
    const { controller } = await createUsers();
    expect(await problemOf(controller.put(user('bob', NOTHING)))).toBe('conflict');
    expect(controller.names('User')).toEqual([]);
    await controller.put(user('ann'));
    await controller.put(user('bob', NOTHING));
    const other = await createUsers();
    await other.controller.put(user('bob', NOTHING), { force: true });
    expect(other.controller.names('User')).toEqual(['bob']);
  });

  it('cannot be lost as the last one, whatever way, unless forced', async () => {
    const { controller } = await createUsers();
    await controller.put(user('ann'));
    await controller.put(user('bob', NOTHING));
    expect(await problemOf(controller.delete('User', 'ann'))).toBe('conflict');
    expect(await problemOf(controller.put(user('ann', NOTHING)))).toBe('conflict');
    expect(await problemOf(controller.patch('User', 'ann', { spec: { enabled: false } }))).toBe('conflict');
    expect(await problemOf(controller.patch('User', 'ann', { spec: { permissions: [] } }))).toBe('conflict');
    await controller.delete('User', 'bob');
    await controller.put(user('eve'));
    await controller.delete('User', 'ann');
    await controller.delete('User', 'eve', { force: true });
    expect(controller.names('User')).toEqual([]);
  });
});

describe('users', () => {
  it('are known from the start of the next server on', async () => {
    const { controller, store } = await createUsers();
    await controller.put(withPassword('ann', 'one'));
    const access = new Access();
    await createWorld({ users: access, store });
    const origin = { protocol: 'mqtt', host: '127.0.0.1', encrypted: false } as const;
    expect(await access.authenticator.password('ann', Buffer.from('one'), origin)).toMatchObject({ ok: true });
  });

  it('act at once: deleted, disabled, with other rights', async () => {
    const { controller, access, logIn } = await createUsers();
    await controller.put(withPassword('admin', 'one'));
    await controller.put(withPassword('ann', 'one'));
    const principal = { name: 'ann', authenticated: true };
    expect(access.authorize(principal, 'manage', 'a')).toBe(true);
    await controller.patch('User', 'ann', { spec: { permissions: [{ verbs: ['send'], addresses: ['a'] }] } });
    expect(access.authorize(principal, 'manage', 'a')).toBe(false);
    expect(access.authorize(principal, 'send', 'a')).toBe(true);
    const { document } = await controller.patch('User', 'ann', { spec: { enabled: false } });
    expect(document.status).toMatchObject({ phase: 'Disabled', conditions: [{ status: 'False', reason: 'Disabled' }] });
    expect(access.stillValid(principal)).toBe(false);
    expect(await logIn('ann', 'one')).toBe(false);
    await controller.delete('User', 'ann');
    expect(access.stillValid(principal)).toBe(false);
  });

  it('of the very same certificate are refused', async () => {
    const { controller } = await createUsers();
    const certificate = (name: string, said: object) =>
      desired('User', name, {
        authentication: { type: 'certificate', ...said },
        permissions: [{ verbs: ['manage'], addresses: ['#'] }],
      });
    await controller.put(certificate('a', { commonName: 'x' }));
    expect(await problemOf(controller.put(certificate('b', { commonName: 'x' })))).toBe(
      'invalid-document /spec/authentication',
    );
    await controller.put(certificate('b', { commonName: 'x', alternativeName: 'y' }));
    await controller.put(certificate('a', { commonName: 'x' }));
    expect(await problemOf(controller.put(certificate('x', {})))).toBe('invalid-document /spec/authentication');
  });

  it('are told to who watches, without secrets', async () => {
    const { controller, events } = await createUsers();
    await controller.put(withPassword('ann', 'one'));
    await controller.delete('User', 'ann', { force: true });
    expect(events.map(({ type, document }) => `${type} ${document.kind}`)).toEqual(['added User', 'deleted User']);
    expect(JSON.stringify(events)).not.toContain('storedKey');
  });
});
