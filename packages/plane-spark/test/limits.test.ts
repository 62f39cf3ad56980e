import { checkJob } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { SparkProcessingPlane, SparkSettingsError } from '../src/index.js';
import { limitsOf } from '../src/limits.js';

function refusals(sql: string): readonly string[] {
  const columns = { s: [{ name: 'celsius', type: { name: 'DOUBLE' } as const }] };
  const { plan, diagnostics } = checkJob(sql, { catalogue: { columns } });
  if (plan === undefined) throw new Error(diagnostics[0]?.message);
  return limitsOf(plan).map(({ start, end }) => sql.slice(start, end));
}

describe('what Spark cannot run', () => {
  it.each([
    ['a column of a schema', 'INSERT INTO t SELECT celsius FROM STREAM s', ['celsius']],
    [
      'windows below a millisecond',
      "INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '1500 microseconds')",
      ['time'],
    ],
    [
      'the name of the heartbeat column',
      'INSERT INTO t SELECT body AS _millrace_heartbeat FROM STREAM s',
      ['_millrace_heartbeat'],
    ],
    ['nothing', "INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')", []],
  ])('%s', (_what, sql, places) => {
    expect(refusals(sql)).toEqual(places);
  });
});

describe('settings', () => {
  const good = { connect: 'sc://127.0.0.1:15002', checkpoints: '/c', log: () => {} };

  it.each([
    [{ connect: 'spark://h:7077' }, 'sc://host:15002'],
    [{ connect: 'sc://h:notaport' }, 'port'],
    [{ checkpoints: 'relative' }, 'absolute path'],
    [{ checkpoints: '' }, 'absolute path'],
    [{ checkpoints: 's3a://b/c' }, 'walDirectory'],
    [{ triggerMs: -1 }, 'whole number'],
  ])('%j is refused with what would be right', (wrong, hint) => {
    const make = () => new SparkProcessingPlane({ ...good, ...wrong });
    expect(make).toThrow(SparkSettingsError);
    expect(make).toThrow(hint);
  });

  it.each([[{}], [{ checkpoints: 'file:///c' }], [{ checkpoints: 's3a://b/c', walDirectory: '/w' }]])(
    '%j is taken',
    (more) => {
      expect(() => new SparkProcessingPlane({ ...good, ...more })).not.toThrow();
    },
  );
});
