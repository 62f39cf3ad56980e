import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pause, processTerminal } from '../src/terminal.js';

describe('Ctrl-C', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    exit.mockClear();
    process.removeAllListeners('SIGINT');
    process.removeAllListeners('SIGTERM');
  });

  it('asks for a clean end; the same one passed on twice is one; asked again it ends at once with 130', () => {
    const signal = processTerminal().interruption();
    expect(signal.aborted).toBe(false);
    process.emit('SIGINT', 'SIGINT');
    expect([signal.aborted, signal.reason]).toEqual([true, 'SIGINT']);
    vi.advanceTimersByTime(100);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
  });

  it('is left to the system by commands that do not watch for it', () => {
    const before = process.listenerCount('SIGINT');
    processTerminal();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('pause', () => {
  it('ends with its time or with the signal, and leaves nothing behind', async () => {
    const controller = new AbortController();
    await pause(1, controller.signal);
    const long = pause(1_000_000, controller.signal);
    controller.abort();
    await long;
    await pause(1_000_000, controller.signal);
  });
});
