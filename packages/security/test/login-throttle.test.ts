import { describe, expect, it } from 'vitest';
import { type Attempt, LoginThrottle, networkOf } from '../src/login/login-throttle.js';
import { ManualClock, settled } from './support/manual-clock.js';

function createThrottle() {
  const clock = new ManualClock();
  const throttle = new LoginThrottle(clock);
  /** One try: 'seen' when its turn comes, 'refused' when it never does. */
  const attempt = (name: string, host: string, outcome: 'fails' | 'succeeds' = 'fails') => {
    const log: { at: number; end: 'seen' | 'refused' }[] = [];
    void throttle.enter(name, host).then((entered: Attempt | undefined) => {
      log.push({ at: clock.now(), end: entered === undefined ? 'refused' : 'seen' });
      if (outcome === 'fails') entered?.failed();
      else entered?.succeeded();
    });
    return log;
  };
  /** @returns ms until it was seen, or 'refused' */
  const timed = async (name: string, host: string, outcome: 'fails' | 'succeeds' = 'fails') => {
    const begin = clock.now();
    const log = attempt(name, host, outcome);
    await settled();
    for (let waited = 0; log.length === 0 && waited < 10_000; waited += 10) await clock.go(10);
    const [done] = log;
    if (done === undefined) return 'never';
    return done.end === 'refused' ? 'refused' : done.at - begin;
  };
  return { clock, attempt, timed };
}

describe('tries of one name from one host', () => {
  it('wait twice as long after each failure, and are refused unseen when it would be too long', async () => {
    const { timed } = createThrottle();
    const waits = [];
    for (let count = 0; count < 9; count += 1) waits.push(await timed('ann', 'h'));
    // Each but the first waits for what is left of the pause after the one before.
    expect(waits.slice(0, 8)).toEqual([0, 0, 0, 250, 500, 1000, 2000, 4000]);
    expect(waits[8]).toBe('refused');
  });

  it('are forgotten after a success, and after a quarter of an hour', async () => {
    const { clock, timed } = createThrottle();
    for (let count = 0; count < 5; count += 1) await timed('ann', 'h');
    await timed('ann', 'h', 'succeeds');
    expect(await timed('ann', 'h')).toBe(0);
    const other = createThrottle();
    for (let count = 0; count < 9; count += 1) await other.timed('ann', 'h');
    await other.clock.go(16 * 60_000);
    expect(await other.timed('ann', 'h')).toBe(0);
    await clock.go(1);
  });

  it('take turns, however many come at once', async () => {
    const { clock, attempt, timed } = createThrottle();
    for (let count = 0; count < 3; count += 1) await timed('ann', 'h');
    const begin = clock.now();
    const logs = Array.from({ length: 50 }, () => attempt('ann', 'h'));
    await clock.go(60_000);
    const seen = logs.flat().filter(({ end }) => end === 'seen');
    expect(logs.flat()).toHaveLength(50);
    expect(seen.length).toBeLessThanOrEqual(16);
    expect(seen.some(({ at }) => at === begin)).toBe(false);
  });

  it.each([
    ['never got in', 0],
    ['got in before', 1],
  ])('are looked at eight at a time: one that %s', async (_, before) => {
    const clock = new ManualClock();
    const throttle = new LoginThrottle(clock);
    for (let count = 0; count < before; count += 1) (await throttle.enter('ann', 'h'))?.succeeded();
    const entered: Attempt[] = [];
    for (let count = 0; count < 20; count += 1) {
      void throttle.enter('ann', 'h').then((attempt) => attempt !== undefined && entered.push(attempt));
    }
    await settled();
    expect(entered).toHaveLength(8);
    for (let count = 0; count < 5; count += 1) entered[count]!.failed();
    await clock.go(4_000);
    // The failures have made the others wait.
    expect(entered.length).toBeLessThan(14);
    await clock.go(20_000);
    expect(entered.length).toBeLessThan(14);
  });

  it('a thousand honest ones at once are all seen at once', async () => {
    const throttle = new LoginThrottle(new ManualClock());
    let seen = 0;
    for (let count = 0; count < 1_000; count += 1) {
      void throttle.enter('ann', 'h').then((attempt) => {
        attempt?.succeeded();
        seen += 1;
      });
    }
    for (let turn = 0; turn < 50; turn += 1) await settled();
    expect(seen).toBe(1_000);
  });
});

describe('others', () => {
  it('an honest user gets in from another host, while the name is being guessed from a thousand', async () => {
    const { timed, attempt, clock } = createThrottle();
    for (let host = 0; host < 1000; host += 1) attempt('ann', `evil-${host}`);
    await clock.go(5_000);
    const wait = await timed('ann', 'home', 'succeeds');
    expect(wait).toBe(2_000);
    expect(await timed('ann', 'home', 'succeeds')).toBe(0);
  });

  it('who got in before is not slowed down by others of the same host', async () => {
    const { timed, attempt, clock } = createThrottle();
    await timed('ann', 'nat', 'succeeds');
    for (let count = 0; count < 200; count += 1) attempt(`guess-${count}`, 'nat');
    await clock.go(10);
    expect(await timed('bob', 'nat', 'succeeds')).not.toBe(0);
    expect(await timed('ann', 'nat', 'succeeds')).toBe(0);
  });

  it('a host that tries many names is slowed down as a whole', async () => {
    const { timed } = createThrottle();
    for (let count = 0; count < 30; count += 1) expect(await timed(`guess-${count}`, 'evil')).toBe(0);
    expect(await timed('guess-30', 'evil')).toBe(250);
    expect(await timed('guess-31', 'evil')).toBe(500);
    expect(await timed('ann', 'elsewhere')).toBe(0);
  });
});

it('an address of IPv6 stands for its network', () => {
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8:0001:2::1')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
});
