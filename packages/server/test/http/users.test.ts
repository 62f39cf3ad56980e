import { Access } from '@millrace/security';
import { describe, expect, it } from 'vitest';
import { desired, MAX_SQL, queue } from '../../../controller/test/support/world.js';
import { routesOf } from '../../src/http/app.js';
import { httpAuthentication } from '../../src/http/authentication.js';
import { createHttpWorld, problemIn } from '../support/http-world.js';

const basic = (name: string, password = 'secret') => ({
  headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
});

function userDocument(name: string, permissions: readonly object[]): object {
  return {
    apiVersion: 'millrace.dev/v1',
    kind: 'User',
    metadata: { name },
    spec: { authentication: { type: 'password', password: 'secret' }, permissions },
  };
}

async function createUsersWorld() {
  const records: Record<string, unknown>[] = [];
  const access = new Access({ audit: (line) => records.push(JSON.parse(line)) });
  const world = await createHttpWorld(
    { authorizer: access.quietly, authenticate: httpAuthentication(access), audit: access.audit },
    { users: access },
  );
  const add = async (name: string, ...permissions: readonly object[]) => {
    const { status, body } = await world.call('PUT', `/v1/users/${name}?force=true`, {
      ...(access.isOpen ? {} : basic('admin')),
      body: userDocument(name, permissions),
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
  };
  await world.controller.put(queue('temperature'));
  await world.controller.put(queue('max'));
  await add('admin', { verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] });
  return { ...world, access, add, records };
}

describe('who has no name', () => {
  it('is asked for one on every path but the probes, and learns nothing else', async () => {
    const { call, dependencies } = await createUsersWorld();
    let asked = 0;
    for (const { method, path, open } of routesOf(dependencies)) {
      const answer = await call(method, path.replace('{name}', 'temperature'));
      if (open === true) {
        expect(answer.status, path).toBe(200);
        continue;
      }
      asked += 1;
      expect(problemIn(answer), `${method} ${path}`).toMatchObject({ status: 401, slug: 'unauthenticated' });
      expect(answer.headers.get('www-authenticate')).toBe(
        'Basic realm="millrace", charset="UTF-8", Bearer realm="millrace"',
      );
    }
    expect(asked).toBeGreaterThan(25);
  });

  it('is not made to type a password into a page’s own request', async () => {
    const { call } = await createUsersWorld();
    const headers = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    const answer = await call('GET', '/v1/status', { headers });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="millrace"');
  });

  it('may do everything while there are no users, also with credentials that nobody has', async () => {
    const access = new Access();
    const { call } = await createHttpWorld(
      { authorizer: access.quietly, authenticate: httpAuthentication(access) },
      { users: access },
    );
    for (const sent of [{}, basic('who', 'ever'), { headers: { authorization: 'Bearer x' } }]) {
      expect((await call('GET', '/v1/status', sent)).status).toBe(200);
    }
    const document = userDocument('ann', [{ verbs: ['manage'], addresses: ['#'] }]);
    expect((await call('PUT', '/v1/users/ann', { body: document })).status).toBe(201);
    expect((await call('GET', '/v1/status')).status).toBe(401);
  });
});

describe('credentials', () => {
  it.each([
    ['right ones', basic('admin'), 200],
    ['a wrong password', basic('admin', 'Secret'), 401],
    ['an unknown user', basic('eve'), 401],
    ['lower case', { headers: { authorization: basic('admin').headers.authorization.replace('Basic', 'basic') } }, 200],
    ['another scheme', { headers: { authorization: 'Digest username="admin"' } }, 401],
    ['no colon', { headers: { authorization: `Basic ${Buffer.from('admin').toString('base64')}` } }, 401],
    ['nothing', { headers: { authorization: 'Basic' } }, 401],
    ['a token', { headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' } }, 401],
  ])('%s', async (_, sent, status) => {
    const { call } = await createUsersWorld();
    expect((await call('GET', '/v1/status', sent)).status).toBe(status);
  });
});

describe('rights', () => {
  const SETS = {
    nothing: [],
    sender: [{ verbs: ['send'], addresses: ['temperature'] }],
    receiver: [{ verbs: ['recv'], addresses: ['temperature'] }],
    viewer: [{ verbs: ['view'], addresses: ['temperature', 'job/+'] }],
    owner: [{ verbs: ['view', 'manage'], addresses: ['temperature', 'mine/#', 'job/#'] }],
    auditor: [{ verbs: ['view'], addresses: ['#'] }],
    admin: [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }],
  } as const;
  const WHO = Object.keys(SETS) as (keyof typeof SETS)[];
  const address = (name: string, spec: object = {}) => desired('Address', name, { type: 'queue', ...spec });
  const jobOf = (sql: string) => desired('Job', 'j', { sql });

  const table: readonly [method: string, path: string, allowed: readonly (keyof typeof SETS)[], body?: unknown][] = [
    ['GET', '/v1/addresses/temperature', ['viewer', 'owner', 'auditor', 'admin']],
    ['GET', '/v1/addresses/max', ['auditor', 'admin']],
    ['PUT', '/v1/addresses/temperature?dryRun', ['owner', 'admin'], address('temperature')],
    ['PUT', '/v1/addresses/mine%2Fa?dryRun', ['owner', 'admin'], address('mine/a')],
    ['PUT', '/v1/addresses/other?dryRun', ['admin'], address('other')],
    ['PUT', '/v1/addresses/mine%2Fa?dryRun', ['admin'], address('mine/a', { deadLetter: 'max' })],
    ['PUT', '/v1/addresses/mine%2Fa?dryRun', ['admin'], address('mine/a', { expiry: 'max' })],
    ['PATCH', '/v1/addresses/temperature?dryRun', ['owner', 'admin'], { spec: { ttl: '1h' } }],
    ['DELETE', '/v1/addresses/temperature?dryRun', ['owner', 'admin']],
    ['GET', '/v1/addresses/temperature/messages', ['receiver', 'admin']],
    ['POST', '/v1/addresses/temperature/messages', ['sender', 'admin'], { body: '1' }],
    ['DELETE', '/v1/addresses/temperature/messages', ['owner', 'admin']],
    ['GET', '/v1/jobs/j', ['viewer', 'owner', 'auditor', 'admin']],
    ['GET', '/v1/jobs/j/results', ['admin']],
    ['PUT', '/v1/jobs/j?dryRun', ['admin'], jobOf(MAX_SQL)],
    ['POST', '/v1/jobs/j:pause', ['owner', 'admin']],
    ['DELETE', '/v1/jobs/j?dryRun', ['owner', 'admin']],
    ['GET', '/v1/users', ['admin']],
    ['GET', '/v1/users/admin', ['admin']],
    ['PUT', '/v1/users/admin?dryRun', ['admin'], userDocument('admin', SETS.admin)],
    ['PATCH', '/v1/users/admin?dryRun', ['admin'], { metadata: { labels: { a: 'b' } } }],
    ['DELETE', '/v1/users/nothing?dryRun', ['admin']],
    ['GET', '/v1/status', ['auditor', 'admin']],
    ['GET', '/', ['auditor', 'admin']],
    ['GET', '/v1/connections', ['auditor', 'admin']],
    ['GET', '/v1/connections/c', ['auditor', 'admin']],
    ['DELETE', '/v1/connections/c', ['admin']],
    ['GET', '/v1/backup', ['admin']],
    ['GET', '/v3/address/temperature', ['viewer', 'owner', 'auditor', 'admin']],
    ['DELETE', '/v3/address/nothing', ['admin']],
    ['GET', '/v1/addresses', WHO],
    ['GET', '/v3/address', WHO],
    ['GET', '/v3/flavor', WHO],
    ['GET', '/openapi.json', WHO],
  ];

  it('each operation asks for its own', async () => {
    const { call, add, controller } = await createUsersWorld();
    await controller.put(jobOf(MAX_SQL));
    for (const who of WHO) if (who !== 'admin') await add(who, ...SETS[who]);
    for (const [method, path, allowed, body] of table) {
      for (const who of WHO) {
        const { headers } = basic(who);
        const patch = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
        const answer = await call(method, path, { body, headers: { ...headers, ...patch } });
        const name = `${who}: ${method} ${path} ${JSON.stringify(answer.body)}`;
        if (allowed.includes(who)) expect([401, 403], name).not.toContain(answer.status);
        else expect(answer.status, name).toBe(403);
      }
    }
  });

  it('who moves messages away must be allowed to receive them', async () => {
    const { call, add } = await createUsersWorld();
    const addresses = ['temperature', 'mine/#'];
    await add('mover', { verbs: ['manage', 'send'], addresses });
    await add('taker', { verbs: ['manage', 'send', 'recv'], addresses });
    const move = async (who: string) => {
      const request = { body: { target: 'mine/a' }, headers: basic(who).headers };
      return (await call('POST', '/v1/addresses/temperature/messages:move', request)).status;
    };
    expect(await move('mover')).toBe(403);
    expect([401, 403]).not.toContain(await move('taker'));
  });

  it('a listing shows what may be seen', async () => {
    const { call, add } = await createUsersWorld();
    await add('viewer', ...SETS.viewer);
    const { body } = await call('GET', '/v1/addresses', basic('viewer'));
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['temperature']);
  });

  it('a user sees itself, and no other', async () => {
    const { call, add } = await createUsersWorld();
    await add('ann');
    expect((await call('GET', '/v1/users/ann', basic('ann'))).body).toMatchObject({ metadata: { name: 'ann' } });
    expect((await call('GET', '/v1/users/admin', basic('ann'))).status).toBe(403);
    expect((await call('GET', '/v1/users/nobody', basic('ann'))).status).toBe(403);
  });

  it('a job needs the right to read its source and write its target, or all where rows say where they go', async () => {
    const { call, add } = await createUsersWorld();
    const manage = { verbs: ['manage'], addresses: ['job/#'] };
    const read = { verbs: ['recv'], addresses: ['temperature'] };
    const write = { verbs: ['send'], addresses: ['max'] };
    await add('one', manage, read);
    await add('two', manage, write);
    await add('both', manage, read, write);
    const put = async (who: string, sql: string) =>
      (await call('PUT', '/v1/jobs/j?dryRun', { ...basic(who), body: jobOf(sql) })).status;
    expect([await put('one', MAX_SQL), await put('two', MAX_SQL), await put('both', MAX_SQL)]).toEqual([403, 403, 200]);
  });
});

describe('documents of users', () => {
  it('are never shown with a password or what was made of it', async () => {
    const { call } = await createUsersWorld();
    const all = [
      await call('PUT', '/v1/users/ann', { ...basic('admin'), body: userDocument('ann', []) }),
      await call('GET', '/v1/users/ann', basic('admin')),
      await call('GET', '/v1/users', basic('admin')),
      await call('PUT', '/v1/users/ann?dryRun', { ...basic('admin'), body: userDocument('ann', []) }),
    ];
    for (const { status, body } of all) {
      expect(status).toBeLessThan(300);
      expect(JSON.stringify(body)).not.toMatch(/secret|storedKey|serverKey|salt/);
    }
  });

  it('a path cannot be tricked: what is judged is what is done', async () => {
    const { call, add } = await createUsersWorld();
    await add('owner', { verbs: ['manage', 'view'], addresses: ['mine/#'] });
    for (const path of [
      '/v1/addresses/mine%2F..%2Ftemperature',
      '/v1/addresses/mine/../temperature',
      '/v1/addresses/mine%2f%2e%2e%2ftemperature',
      '/v1/addresses//temperature',
      '/v1/users/admin%2Fmine',
      '/v1/addresses/mine%252Fa',
    ]) {
      const { status } = await call('DELETE', path, basic('owner'));
      expect([403, 404], path).toContain(status);
    }
  });
});

describe('the audit log', () => {
  it('has changes and refusals with who and what came of it, and no listing', async () => {
    const { call, add, records } = await createUsersWorld();
    await add('ann');
    records.length = 0;
    await call('GET', '/v1/addresses', basic('ann'));
    await call('GET', '/v1/status', basic('ann'));
    await call('DELETE', '/v1/addresses/max', basic('ann'));
    await call('DELETE', '/v1/addresses/max', basic('admin'));
    await call('PUT', '/v1/addresses/max', { ...basic('admin'), body: { kind: 'Address' } });
    await call('POST', '/v1/addresses/temperature/messages', { ...basic('admin'), body: { body: '1' } });
    const shown = records
      .filter(({ event }) => event !== 'login')
      .map(({ event, outcome, user, action, status }) => `${event} ${outcome} ${user} ${action} ${status}`);
    expect(shown).toEqual([
      'refusal failure ann GET /v1/status 403',
      'refusal failure ann DELETE /v1/addresses/max 403',
      'change success admin DELETE /v1/addresses/max 204',
      'change failure admin PUT /v1/addresses/max 422',
    ]);
    expect(JSON.stringify(records)).not.toContain('secret');
  });
});
