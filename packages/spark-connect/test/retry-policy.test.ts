import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY, RetryState } from '../src/retry-policy.js';

function stateWith(overrides = {}, random = 0) {
  const clock = { nowMs: 0, now: () => clock.nowMs, random: () => random };
  return { clock, state: new RetryState({ ...DEFAULT_RETRY_POLICY, ...overrides }, clock) };
}

describe('retries', () => {
  it('wait longer each time, up to the longest wait', () => {
    const { state } = stateWith({ maxRetries: 7 });
    const delays = Array.from({ length: 8 }, () => state.nextDelayMs());
    expect(delays).toEqual([50, 150, 450, 1350, 4050, 10_000, 10_000, undefined]);
    expect(state.attempts).toBe(8);
  });

  it('wait as long as the server asks for', () => {
    expect(stateWith().state.nextDelayMs(3000)).toBe(3000);
    expect(stateWith().state.nextDelayMs(10)).toBe(50);
  });

  it('wait a little longer by chance', () => {
    expect(stateWith({ jitter: 0.5 }, 1).state.nextDelayMs()).toBe(75);
  });

  it('end when their time is over', () => {
    const { clock, state } = stateWith({ maxElapsedMs: 1000 });
    clock.nowMs = 940;
    expect(state.nextDelayMs()).toBe(50);
    expect(state.nextDelayMs()).toBeUndefined();
  });

  it('start over after the call got somewhere', () => {
    const { clock, state } = stateWith({ maxRetries: 1, maxElapsedMs: 1000 });
    expect(state.nextDelayMs()).toBe(50);
    expect(state.nextDelayMs()).toBeUndefined();
    clock.nowMs = 5000;
    state.reset();
    expect(state.attempts).toBe(1);
    expect(state.nextDelayMs()).toBe(50);
  });
});
