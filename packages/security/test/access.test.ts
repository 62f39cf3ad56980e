import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Principal, type Verb } from '../src/index.js';
import { settled } from './support/manual-clock.js';
import { createAccess, LOCAL, REMOTE, userRecord, type Wish } from './support/users.js';

const SENSOR: Wish = {
  permissions: [
    { verbs: ['send'], addresses: ['devices/${user}/#', 'shared'] },
    { verbs: ['recv'], addresses: ['commands/${user}', 'commands/${clientId}/+'] },
  ],
};

async function login(
  access: Awaited<ReturnType<typeof createAccess>>['access'],
  name: string,
  clientId?: string,
  password = 'secret',
): Promise<Principal> {
  const origin = clientId === undefined ? REMOTE : { ...REMOTE, clientId };
  const outcome = await access.authenticator.password(name, Buffer.from(password), origin);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.principal;
}

describe('permissions', () => {
  const table: readonly [who: string, verb: Verb, address: string, allowed: boolean][] = [
    ['s1', 'send', 'devices/s1/temperature', true],
    ['s1', 'send', 'devices/s1', true],
    ['s1', 'send', 'devices/s2/temperature', false],
    ['s1', 'send', 'devices/+/temperature', false],
    ['s1', 'send', 'shared', true],
    ['s1', 'recv', 'shared', false],
    ['s1', 'recv', 'commands/s1', true],
    ['s1', 'recv', 'commands/c1/now', true],
    ['s1', 'recv', 'commands/c2/now', false],
    ['s1', 'recv', 'commands/+', false],
    ['s1', 'recv', '#', false],
    ['s1', 'recv', '$share/g/#', false],
    ['s1', 'recv', '$share/g/commands/s1', true],
    ['s1', 'recv', '$share/commands/s1/secret', false],
    ['s1', 'view', 'shared', false],
    ['s1', 'manage', 'devices/s1/x', false],
    ['s1', 'send', '$address', false],
    ['s1', 'send', '$temporary/1/1', false],
    ['s1', 'send', '', false],
    ['admin', 'manage', '#', true],
    ['admin', 'manage', 'job/x', true],
    ['admin', 'recv', '#', true],
    ['admin', 'recv', '$share/g/#', true],
    ['admin', 'send', '$address', true],
    ['admin', 'send', '$temporary/1/1', false],
    ['admin', 'recv', '$temporary/1/1', false],
    ['viewer', 'view', '#', true],
    ['viewer', 'view', 'a', true],
    ['viewer', 'recv', 'a', false],
    ['viewer', 'send', '$address', true],
    ['replier', 'send', '$temporary/1/1', true],
    ['nothing', 'view', 'a', false],
  ];

  it.each(table)('%s: %s %s is %s', async (who, verb, address, allowed) => {
    const { access, records } = await createAccess({
      s1: SENSOR,
      admin: {},
      viewer: { permissions: [{ verbs: ['view'], addresses: ['#'] }] },
      replier: { permissions: [{ verbs: ['send'], addresses: ['$temporary/#'] }] },
      nothing: { permissions: [] },
    });
    const principal = await login(access, who, 'c1');
    expect(access.authorize(principal, verb, address)).toBe(allowed);
    expect(access.quietly.authorize(principal, verb, address)).toBe(allowed);
    const refusals = records.filter(({ event }) => event === 'refusal');
    expect(refusals).toHaveLength(allowed ? 0 : 1);
    if (!allowed) expect(refusals[0]).toMatchObject({ user: who, verb, address, outcome: 'failure' });
  });

  it.each(['#', '+', 'a/b', '', '$x'])('a client that calls itself %j gets nothing by it', async (clientId) => {
    const { access } = await createAccess({ s1: SENSOR });
    const principal = await login(access, 's1', clientId);
    for (const address of ['commands/x/y', 'commands/#', 'commands/+/+', `commands/${clientId}/y`, 'commands/a/b']) {
      expect(access.authorize(principal, 'recv', address), address).toBe(false);
    }
    expect(access.authorize(principal, 'recv', 'commands/s1')).toBe(true);
  });

  it('nobody may anything where there are users', async () => {
    const { access } = await createAccess({ ann: {} });
    expect(access.authorize(ANONYMOUS, 'view', 'a')).toBe(false);
    expect(access.authorize({ name: 'ann', authenticated: false }, 'view', 'a')).toBe(false);
  });

  it('a name that was kept over a restart may what the user of that name may now', async () => {
    const { access } = await createAccess({ s1: SENSOR });
    const kept: Principal = { name: 's1', authenticated: true };
    expect(access.authorize(kept, 'send', 'devices/s1/x')).toBe(true);
    expect(access.stillValid(kept)).toBe(true);
    access.putUser(await userRecord('s1', { ...SENSOR, enabled: false }));
    expect(access.authorize(kept, 'send', 'devices/s1/x')).toBe(false);
    access.removeUser('s1');
    expect(access.authorize(kept, 'send', 'devices/s1/x')).toBe(false);
    expect(access.stillValid(kept)).toBe(false);
  });
});

describe('changes act at once', () => {
  it('other permissions', async () => {
    const { access } = await createAccess({ admin: {}, s1: SENSOR });
    const principal = await login(access, 's1', 'c1');
    const record = await userRecord('s1', SENSOR);
    access.putUser({ ...record, spec: { ...record.spec, permissions: [{ verbs: ['send'], addresses: ['x'] }] } });
    // The salt is another one, so it is another password too.
    expect(access.stillValid(principal)).toBe(false);
    const again = await login(access, 's1', 'c1');
    access.putUser({ ...record, spec: { ...record.spec, permissions: [{ verbs: ['send'], addresses: ['y'] }] } });
    expect(access.stillValid(again)).toBe(true);
    expect(access.authorize(again, 'send', 'y')).toBe(true);
    expect(access.authorize(again, 'send', 'x')).toBe(false);
  });

  it('by client id too', async () => {
    const { access } = await createAccess({ admin: {} });
    const record = await userRecord('s1', SENSOR);
    access.putUser(record);
    const principal = await login(access, 's1', 'c1');
    expect(access.authorize(principal, 'recv', 'commands/c1/x')).toBe(true);
    const permissions = [{ verbs: ['recv' as const], addresses: ['other/${clientId}'] }];
    access.putUser({ ...record, spec: { ...record.spec, permissions } });
    expect(access.authorize(principal, 'recv', 'commands/c1/x')).toBe(false);
    expect(access.authorize(principal, 'recv', 'other/c1')).toBe(true);
  });

  it.each<[string, Wish]>([
    ['disabled', { enabled: false }],
    ['another password', { password: 'other' }],
    ['made again', { uid: 'another' }],
    ['another way to log in', { authentication: { type: 'external' } }],
  ])('%s', async (_, wish) => {
    const { access } = await createAccess({ admin: {} });
    const record = await userRecord('ann');
    access.putUser(record);
    const principal = await login(access, 'ann');
    expect(access.stillValid(principal)).toBe(true);
    const changed = await userRecord('ann', wish);
    const samePassword = wish.password === undefined && wish.authentication === undefined;
    const authentication = samePassword ? record.spec.authentication : changed.spec.authentication;
    access.putUser({ ...changed, spec: { ...changed.spec, authentication } });
    expect(access.stillValid(principal)).toBe(false);
    expect(access.authorize(principal, 'send', 'a')).toBe(false);
  });

  it('the first user ends what was open to all', async () => {
    const { access } = await createAccess();
    const outcome = await access.authenticator.password(undefined, undefined, LOCAL);
    if (!outcome.ok) throw new Error(outcome.reason);
    const { principal } = outcome;
    expect(access.authorize(principal, 'manage', '#')).toBe(true);
    const told: boolean[] = [];
    access.onChange((changed) => told.push(changed.has(principal)));
    access.putUser(await userRecord('ann'));
    expect(access.stillValid(principal)).toBe(false);
    expect(access.authorize(principal, 'view', 'a')).toBe(false);
    await settled();
    expect(told).toEqual([true]);
  });

  it('tells whom it may concern: at once, and then all that came within 100 ms', async () => {
    const { access, clock } = await createAccess({ admin: {}, ann: {} });
    await clock.go(1_000);
    const told: string[] = [];
    const names = ['admin', 'ann', 'bob', 'eve'];
    const end = access.onChange((changed) => {
      told.push(names.filter((name) => changed.has({ name, authenticated: true })).join(' '));
    });
    access.putUser(await userRecord('bob'));
    await settled();
    expect(told).toEqual(['bob']);
    access.removeUser('bob');
    access.putUser(await userRecord('eve'));
    await clock.go(50);
    expect(told).toEqual(['bob']);
    await clock.go(60);
    expect(told).toEqual(['bob', 'bob eve']);
    await clock.go(1_000);
    end();
    access.removeUser('eve');
    await clock.go(1_000);
    expect(told).toHaveLength(2);
  });
});
