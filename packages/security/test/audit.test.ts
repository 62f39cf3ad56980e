import { expect, it } from 'vitest';
import { AuditLog } from '../src/index.js';
import { ManualClock } from './support/manual-clock.js';

const LOGIN = { event: 'login', outcome: 'failure', user: 'eve' } as const;

it('writes one line of JSON, whatever clients call themselves', () => {
  const lines: string[] = [];
  const log = new AuditLog((line) => lines.push(line), new ManualClock());
  log.write({ ...LOGIN, user: 'a"\n{"event":"change"}\u2028', address: 'x'.repeat(10_000) });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  expect(lines[0]!.length).toBeLessThan(600);
  expect(JSON.parse(lines[0]!)).toMatchObject({ time: '2026-01-01T00:00:00.000Z', ...LOGIN, user: expect.any(String) });
});

it('has a bound for each kind, so a flood hides nothing else, and says what it left out', async () => {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const log = new AuditLog((line) => lines.push(JSON.parse(line)), clock);
  for (let count = 0; count < 5_000; count += 1) log.write(LOGIN);
  expect(lines).toHaveLength(1_000);
  log.write({ event: 'change', outcome: 'success', user: 'ann' });
  log.write({ ...LOGIN, outcome: 'success' });
  expect(lines).toHaveLength(1_002);
  await clock.go(1_000);
  for (let count = 0; count < 5_000; count += 1) log.write(LOGIN);
  expect(lines).toHaveLength(1_102);
  expect(lines[1_002]).toMatchObject({ ...LOGIN, dropped: 4_000 });
});
