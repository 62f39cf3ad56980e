import { createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SaslExchange } from '../src/index.js';
import { credentialsOf, isPassword } from '../src/scram/credentials.js';
import { challengeFor, readClientFirst, ScramError, verifyClientFinal } from '../src/scram/scram-server.js';
import { createAccess, LOCAL, REMOTE, REMOTE_CLEAR } from './support/users.js';

const bytes = (text: string) => Buffer.from(text);

describe('RFC 7677 §3', () => {
  const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
  const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const final =
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

  async function challenge() {
    const credentials = await credentialsOf('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
    return challengeFor(readClientFirst(bytes(first)), credentials, serverNonce);
  }

  it('speaks as the example does', async () => {
    const said = await challenge();
    expect(said.message).toBe('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096');
    expect(verifyClientFinal(said, bytes(final))).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('takes no other proof', async () => {
    const said = await challenge();
    expect(verifyClientFinal(said, bytes(final.replace('p=dH', 'p=dI')))).toBeUndefined();
  });

  it.each([
    ['another nonce', final.replace('k0,p', 'k1,p'), 'nonce'],
    ['only its own nonce', final.replace(/r=[^,]*/, 'r=rOprNGfwEbeRWgbNEkqO'), 'nonce'],
    ['another channel binding', final.replace('biws', 'eSws'), 'channel binding'],
    ['no proof', final.replace(/,p=.*/, ''), 'no client-final-message'],
    ['a short proof', final.replace(/p=.*/, 'p=AAAA'), '32 bytes'],
    ['a proof that is not base64', final.replace(/p=dH/, 'p=%%'), '32 bytes'],
    ['what is not UTF-8', Buffer.concat([bytes(final), Buffer.of(0xff)]), 'UTF-8'],
  ])('is over with %s', async (_, message, reason) => {
    const said = await challenge();
    expect(() => verifyClientFinal(said, typeof message === 'string' ? bytes(message) : message)).toThrow(reason);
  });
});

describe("a client's first message", () => {
  it.each([
    ['n,,n=a,r=x', { username: 'a', header: 'n,,', bare: 'n=a,r=x', authzid: undefined }],
    ['y,,n=a,r=x', { header: 'y,,' }],
    ['n,a=b,n=a,r=x', { authzid: 'b', header: 'n,a=b,' }],
    ['n,,n=a=2Cb=3Dc,r=x', { username: 'a,b=c' }],
    ['n,,n=a,r=x,ext=1', { nonce: 'x' }],
  ])('%s', (message, expected) => {
    expect(readClientFirst(bytes(message))).toMatchObject(expected);
  });

  it.each([
    ['p=tls-unique,,n=a,r=x', 'channel binding'],
    ['p=tls-server-end-point,,n=a,r=x', 'channel binding'],
    ['n,,m=1,n=a,r=x', 'must be understood'],
    ['n,,n=a', 'no user name'],
    ['n,,n=a=2c,r=x', 'stands for nothing'],
    ['n,,n=a,r=', 'no user name|printable'],
    ['n,,n=a,r=é', 'printable'],
    ['x,,n=a,r=x', 'no client-first'],
    ['', 'no client-first'],
    [`n,,n=a,r=${'x'.repeat(1025)}`, 'printable'],
    [`n,,n=${'a'.repeat(5000)},r=x`, 'too long'],
  ])('not %s', (message, reason) => {
    expect(() => readClientFirst(bytes(message))).toThrow(new RegExp(reason));
  });

  it('throws nothing but ScramError, whatever comes', () => {
    const word = fc.oneof(fc.constantFrom('n', 'y', 'p=', ',', 'a=', 'n=', 'r=', '=', '=2C', 'm='), fc.string());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.array(word).map((list) => bytes(list.join(''))),
        ),
        (data) => {
          try {
            readClientFirst(data);
          } catch (error) {
            expect(error).toBeInstanceOf(ScramError);
          }
        },
      ),
    );
  });
});

/** The client's side, written apart from the server's. */
export async function scramLogin(exchange: SaslExchange, name: string, password: string) {
  const clientNonce = 'cLiEnTnOnCe';
  const bare = `n=${name},r=${clientNonce}`;
  const step = await exchange.step(bytes(`n,,${bare}`));
  if (step.kind !== 'challenge') return { step, serverFirst: '' };
  const serverFirst = Buffer.from(step.data).toString();
  const [, nonce, salt, count] = /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(serverFirst)!;
  const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(count), 32, 'sha256');
  const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const clientKey = mac(salted, 'Client Key');
  const { createHash } = await import('node:crypto');
  const storedKey = createHash('sha256').update(clientKey).digest();
  const withoutProof = `c=biws,r=${nonce}`;
  const message = `${bare},${serverFirst},${withoutProof}`;
  const signature = mac(storedKey, message);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64');
  const last = await exchange.step(bytes(`${withoutProof},p=${proof}`));
  const expected = `v=${mac(mac(salted, 'Server Key'), message).toString('base64')}`;
  return { step: last, serverFirst, expected };
}

describe('a login by SCRAM-SHA-256', () => {
  it('goes well with the password, and proves that the server knows it too', async () => {
    const { login, records } = await createAccess({ ann: { password: 'pencil' } });
    const { step, expected } = await scramLogin(login.begin('SCRAM-SHA-256', REMOTE_CLEAR)!, 'ann', 'pencil');
    expect(step).toMatchObject({ kind: 'done', principal: { name: 'ann', authenticated: true } });
    if (step.kind === 'done') expect(Buffer.from(step.data!).toString()).toBe(expected);
    expect(records.at(-1)).toMatchObject({
      event: 'login',
      outcome: 'success',
      user: 'ann',
      mechanism: 'SCRAM-SHA-256',
    });
  });

  it('fails with another password, with an unknown name and for a disabled user, all alike', async () => {
    const { login, records } = await createAccess({
      ann: { password: 'pencil' },
      bob: { password: 'x', enabled: false },
    });
    for (const [name, password, reason] of [
      ['ann', 'pencil2', 'wrong password'],
      ['eve', 'pencil', 'unknown user'],
      ['bob', 'x', 'the user is disabled'],
    ] as const) {
      const { step } = await scramLogin(login.begin('SCRAM-SHA-256', REMOTE)!, name, password);
      expect(step.kind).toBe('failed');
      expect(records.at(-1)).toMatchObject({ outcome: 'failure', user: name, reason });
    }
  });

  it('an unknown name gets the same salt each time, another name another one, and both after a restart', async () => {
    const secret = Buffer.alloc(32, 9);
    const firstOf = async (name: string) => {
      const { login } = await createAccess({ ann: {} }, { secret });
      return (await scramLogin(login.begin('SCRAM-SHA-256', REMOTE)!, name, 'x')).serverFirst.replace(/^r=[^,]*/, '');
    };
    expect(await firstOf('eve')).toBe(await firstOf('eve'));
    expect(await firstOf('eve')).not.toBe(await firstOf('eva'));
    expect(await firstOf('eve')).toMatch(/^,s=[A-Za-z0-9+/]{22}==,i=15000$/);
  });

  it('nobody acts for somebody else', async () => {
    const { login } = await createAccess({ ann: {} });
    const exchange = login.begin('SCRAM-SHA-256', REMOTE)!;
    expect(await exchange.step(bytes('n,a=bob,n=ann,r=x'))).toMatchObject({ kind: 'failed' });
    expect(await exchange.step(bytes('c=biws,r=x,p='))).toMatchObject({ kind: 'failed' });
  });

  it('a second try in the same exchange is none', async () => {
    const { login } = await createAccess({ ann: { password: 'pencil' } });
    const exchange = login.begin('SCRAM-SHA-256', REMOTE)!;
    expect((await scramLogin(exchange, 'ann', 'wrong')).step.kind).toBe('failed');
    expect((await scramLogin(exchange, 'ann', 'pencil')).step.kind).toBe('failed');
  });

  it('waits to be asked where the client says nothing first', async () => {
    const { login } = await createAccess({ ann: { password: 'pencil' } });
    const exchange = login.begin('SCRAM-SHA-256', LOCAL)!;
    expect(await exchange.step(new Uint8Array(0))).toEqual({ kind: 'challenge', data: new Uint8Array(0) });
    expect((await scramLogin(exchange, 'ann', 'pencil')).step.kind).toBe('done');
  });

  it('who was changed between the two messages does not get in', async () => {
    const { login, access } = await createAccess({ ann: { password: 'pencil' } });
    const exchange = login.begin('SCRAM-SHA-256', LOCAL)!;
    const through: SaslExchange = {
      step: async (response) => {
        const step = await exchange.step(response);
        if (step.kind === 'challenge') access.removeUser('ann');
        return step;
      },
    };
    expect((await scramLogin(through, 'ann', 'pencil')).step.kind).toBe('failed');
  });
});

it('credentials fit their password alone', async () => {
  const credentials = await credentialsOf('pencil', Buffer.alloc(16), 4096);
  expect(await isPassword('pencil', credentials)).toBe(true);
  expect(await isPassword('Pencil', credentials)).toBe(false);
});
