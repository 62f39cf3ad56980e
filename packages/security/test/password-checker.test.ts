import { expect, it } from 'vitest';
import { PasswordChecker } from '../src/login/password-checker.js';
import { credentialsOf } from '../src/scram/credentials.js';
import { ManualClock } from './support/manual-clock.js';

const credentials = await credentialsOf('right', Buffer.alloc(16), 4096);

it('remembers what was right for an hour, and nothing that was wrong', async () => {
  const clock = new ManualClock();
  const checker = new PasswordChecker(clock);
  expect(checker.remembers('u', 'right', credentials)).toBe(false);
  expect(await checker.check('u', 'right', credentials)).toBe('right');
  expect(checker.remembers('u', 'right', credentials)).toBe(true);
  expect(await checker.check('u', 'wrong', credentials)).toBe('wrong');
  expect(checker.remembers('u', 'wrong', credentials)).toBe(false);
  await clock.go(3_600_001);
  expect(checker.remembers('u', 'right', credentials)).toBe(false);
});

it('what it remembers is of one user and one password alone', async () => {
  const checker = new PasswordChecker(new ManualClock());
  await checker.check('u', 'right', credentials);
  const others = await credentialsOf('right', Buffer.alloc(16, 1), 4096);
  expect(checker.remembers('v', 'right', credentials)).toBe(false);
  expect(checker.remembers('u', 'right', others)).toBe(false);
});

it('many at once wait for a bounded time and in a bounded number; the rest are told so, and none is let in by it', async () => {
  const checker = new PasswordChecker(new ManualClock(), { concurrency: 1, waiting: 10 });
  const verdicts = await Promise.all(
    Array.from({ length: 50 }, (_, index) => checker.check('u', `wrong-${index}`, credentials)),
  );
  expect(verdicts.filter((verdict) => verdict === 'wrong')).toHaveLength(11);
  expect(verdicts.filter((verdict) => verdict === 'busy')).toHaveLength(39);
  expect(await checker.check('u', 'right', credentials)).toBe('right');
});

it('who waits too long is told so', async () => {
  const clock = new ManualClock();
  const checker = new PasswordChecker(clock, { concurrency: 0, waitMs: 100 });
  const waiting = checker.check('u', 'right', credentials);
  await clock.go(100);
  expect(await waiting).toBe('busy');
});

it('the same password of the same user, many times at once, is one check', async () => {
  const checker = new PasswordChecker(new ManualClock(), { concurrency: 1, waiting: 0 });
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => checker.check('u', 'right', credentials)));
  expect(new Set(verdicts)).toEqual(new Set(['right']));
});

it('forgets the one that was not asked for longest', async () => {
  const checker = new PasswordChecker(new ManualClock(), { remembered: 2 });
  for (const user of ['a', 'b', 'a', 'c']) await checker.check(user, 'right', credentials);
  expect(['a', 'b', 'c'].map((user) => checker.remembers(user, 'right', credentials))).toEqual([true, false, true]);
});
