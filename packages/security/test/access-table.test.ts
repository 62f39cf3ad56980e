/** The table that the live server is tried with (conformance/access), here against permissions alone. */
import { checkDocument } from '@millrace/contract';
import { describe, expect, it } from 'vitest';
import { type AccessCase, accessCases, IDENTITIES, userDocuments } from '../../../conformance/access/table.js';
import { Access, type Principal, sealUser, type Verb } from '../src/index.js';

const VERBS: Readonly<Partial<Record<AccessCase['operation'], Verb>>> = {
  send: 'send',
  relay: 'send',
  retain: 'send',
  will: 'send',
  subscribe: 'recv',
  share: 'recv',
  browse: 'recv',
  purge: 'manage',
  look: 'view',
  declare: 'manage',
  remove: 'manage',
};

async function accessOfTable(): Promise<Access> {
  const access = new Access();
  for (const document of userDocuments()) {
    const checked = checkDocument(document);
    if (!checked.ok || checked.value.kind !== 'User') throw new Error(JSON.stringify(checked));
    const spec = await sealUser(checked.value.spec, undefined);
    if (typeof spec === 'string') throw new Error(spec);
    access.putUser({ name: checked.value.metadata.name, uid: checked.value.metadata.name, spec });
  }
  return access;
}

describe('the table of access', () => {
  it('is what permissions say', async () => {
    const access = await accessOfTable();
    let asked = 0;
    let allowed = 0;
    for (const one of accessCases()) {
      const verb = VERBS[one.operation];
      if (verb === undefined || !one.identity.connects) continue;
      const principal: Principal = { name: one.identity.name, authenticated: true };
      const address = one.operation === 'share' ? `$share/g/${one.address}` : one.address;
      expect(access.authorize(principal, verb, address), JSON.stringify(one)).toBe(one.allowed);
      asked += 1;
      if (one.allowed) allowed += 1;
    }
    expect(asked).toBeGreaterThan(1_000);
    expect(allowed).toBeGreaterThan(200);
  });

  it('logs in who should', async () => {
    const origin = { protocol: 'mqtt', host: '127.0.0.1', encrypted: false } as const;
    const access = await accessOfTable();
    for (const { name, password, connects } of IDENTITIES) {
      const bytes = password === undefined ? undefined : Buffer.from(password);
      const outcome = await access.authenticator.password(name === '' ? undefined : name, bytes, origin);
      expect(outcome.ok, `${name} ${password}`).toBe(connects);
    }
  });
});
