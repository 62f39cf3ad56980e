import { describe, expect, it } from 'vitest';
import { MessageRate } from '../src/message-rate.js';
import { Admission, type HalfOpen, networkOf } from '../src/transport-limits.js';

function halfOpen(gone: string[], name: string): HalfOpen {
  return { bytes: 0, giveWay: () => gone.push(name) };
}

describe('admission', () => {
  it('bounds connections in all and of a host, and takes others again when some have left', () => {
    const admission = new Admission({ connections: 3, connectionsPerHost: 2 });
    const enter = (host: string) => admission.enter(host, 0);
    expect([enter('10.0.0.1'), enter('10.0.0.1'), enter('10.0.0.1')]).toEqual([undefined, undefined, 'host-full']);
    expect([enter('10.0.0.2'), enter('10.0.0.3')]).toEqual([undefined, 'full']);
    admission.left('10.0.0.1');
    expect([enter('10.0.0.3'), enter('10.0.0.1')]).toEqual([undefined, 'full']);
    for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) admission.left(host);
    expect(admission.size).toBe(0);
  });

  it('takes a host as often in a second as it may, and again as time passes', () => {
    const admission = new Admission({ connectionsPerHostPerSecond: 2 });
    const at = (nowMs: number, host = '10.0.0.1') => admission.enter(host, nowMs);
    expect([at(0), at(0), at(0)]).toEqual([undefined, undefined, 'rate']);
    expect([at(0, '10.0.0.2'), at(499), at(500), at(501)]).toEqual([undefined, 'rate', undefined, 'rate']);
    expect([at(60_000), at(60_000), at(60_000)]).toEqual([undefined, undefined, 'rate']);
  });

  it('remembers a bounded number of hosts', () => {
    const admission = new Admission({ connectionsPerHostPerSecond: 1, connections: 1_000_000 });
    for (let i = 0; i < 30_000; i++) admission.enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, i);
    expect((admission as unknown as { paces: Map<string, unknown> }).paces.size).toBeLessThanOrEqual(10_000);
  });

  it('lets the oldest of those that are not open give way', () => {
    const admission = new Admission({ halfOpen: 2 });
    const gone: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => halfOpen(gone, name)) as [
      HalfOpen,
      HalfOpen,
      HalfOpen,
      HalfOpen,
    ];
    expect([admission.wait(a), admission.wait(b), admission.wait(c)]).toEqual([false, false, true]);
    admission.forget(b);
    expect([admission.wait(d), gone, admission.halfOpen]).toEqual([false, ['a'], 2]);
  });

  it('bounds what they send in all, and counts nothing of those that are open', () => {
    const admission = new Admission({ halfOpenBytes: 100 });
    const [a, b] = [halfOpen([], 'a'), halfOpen([], 'b')];
    admission.wait(a);
    admission.wait(b);
    expect([admission.received(a, 60), admission.received(b, 40), admission.received(b, 1)]).toEqual([
      true,
      true,
      false,
    ]);
    admission.forget(a);
    expect([admission.halfOpenBytes, admission.received(a, 1_000), admission.received(b, 59)]).toEqual([
      41,
      true,
      true,
    ]);
    admission.forget(b);
    expect(admission.halfOpenBytes).toBe(0);
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0:0:ffff::2', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('takes %s as the host %s', (address, host) => {
    expect(networkOf(address)).toBe(host);
  });
});

describe('the limit on messages', () => {
  it('asks for as long a pause as it was too fast', () => {
    const rate = new MessageRate(10);
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) rate.count();
    };
    expect(rate.pauseMs(1_000)).toBe(0);
    send(10);
    expect(rate.pauseMs(1_000)).toBe(0);
    send(5);
    expect(rate.pauseMs(1_000)).toBe(500);
    expect(rate.pauseMs(1_500)).toBe(0);
    send(1);
    expect(rate.pauseMs(1_500)).toBe(100);
  });
});
