import type { UserSpec } from '@millrace/contract';
import { expect, it } from 'vitest';
import { sealUser } from '../src/index.js';

function spec(authentication: UserSpec['authentication']): UserSpec {
  return { authentication, enabled: true, permissions: [] };
}

async function sealed(wish: UserSpec, present?: UserSpec): Promise<UserSpec> {
  const result = await sealUser(wish, present);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

it('makes credentials of a password, and leaves nothing of it', async () => {
  const result = await sealed(spec({ type: 'password', password: 'hunter2-hunter2' }));
  expect(JSON.stringify(result)).not.toContain('hunter2');
  expect(result.authentication).toEqual({
    type: 'password',
    credentials: {
      iterations: 15_000,
      salt: expect.stringMatching(/^.{24}$/),
      storedKey: expect.stringMatching(/^.{44}$/),
      serverKey: expect.stringMatching(/^.{44}$/),
    },
  });
});

it('the same password is the same user, another one is another, and none keeps what there is', async () => {
  const first = await sealed(spec({ type: 'password', password: 'one' }));
  expect(await sealed(spec({ type: 'password', password: 'one' }), first)).toEqual(first);
  expect(await sealed(spec({ type: 'password' }), first)).toEqual(first);
  expect(await sealed(first)).toEqual(first);
  expect(await sealed(spec({ type: 'password', password: 'two' }), first)).not.toEqual(first);
  expect(await sealed(spec({ type: 'password', password: 'one' }))).not.toEqual(first);
});

it('a new user needs one, and one that can be typed', async () => {
  expect(await sealUser(spec({ type: 'password' }), undefined)).toBe('no-password');
  expect(await sealUser(spec({ type: 'password' }), spec({ type: 'external' }))).toBe('no-password');
  expect(await sealUser(spec({ type: 'password', password: 'a\u0007' }), undefined)).toBe('unfit-password');
});
