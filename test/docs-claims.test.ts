/** What documents say of the code: the tests that they name are there, and every reason in a job's status is explained. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, textOf } from './markdown-files.js';

describe('docs/from-the-enmasse-demo.md', () => {
  const text = textOf('docs/from-the-enmasse-demo.md');

  it('names tests that are there', () => {
    const paths = [...text.matchAll(/`((?:conformance|packages|apps|test)\/[\w./-]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('has a test for each part that is not "not yet"', () => {
    const section = /## Parts\n([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| original'));
    expect(rows.length).toBeGreaterThan(10);
    const untested = rows.filter((row) => {
      const [, , here = '', test = ''] = row.split('|');
      return !here.includes('not yet') && !test.includes('`');
    });
    expect(untested).toEqual([]);
  });

  it('names titles of tests that stand in their files', () => {
    const titles = [...text.matchAll(/`(conformance\/[\w.-]+\.test\.ts|packages\/[\w./-]+\.test\.ts)`: "([^"]+)"/g)];
    expect(titles.length).toBeGreaterThan(8);
    const absent = titles.filter(([, file = '', title = '']) => !textOf(file).includes(title));
    expect(absent.map(([whole]) => whole)).toEqual([]);
  });
});

describe('docs/guide/no-results.md', () => {
  /** Where the reasons of a job's condition `Ready` are written. */
  const SOURCES = [
    'packages/controller/src/status.ts',
    'packages/controller/src/job-reconciler.ts',
    'packages/plane-embedded/src/jobs/job-status.ts',
    'packages/plane-embedded/src/jobs/job-runner.ts',
  ];
  const GOOD = ['Accepted', 'Declared', 'Declaring'];

  it('explains every reason that a job gives', () => {
    const reasons = SOURCES.flatMap((file) => [
      ...[...textOf(file).matchAll(/reason: '([A-Z]\w+)'/g)].map((match) => match[1] ?? ''),
      ...[...textOf(file).matchAll(/reason = [^;]*? \? '([A-Z]\w+)' : '([A-Z]\w+)'/g)].flatMap((match) =>
        match.slice(1),
      ),
    ]);
    expect(reasons).toContain('WaitingForAddress');
    expect(reasons).toContain('InvalidSql');
    const guide = textOf('docs/guide/no-results.md');
    const silent = reasons.filter((reason) => !GOOD.includes(reason) && !guide.includes(`\`${reason}\``));
    expect(silent).toEqual([]);
  });
});

describe('docs/reference/spark.md', () => {
  const SOURCES = ['cluster-link', 'failures', 'job-loop', 'job-words'];

  it('explains every reason that a job on Spark gives', () => {
    const reasons = SOURCES.flatMap((file) => {
      const source = textOf(`packages/plane-spark/src/${file}.ts`);
      const named = [...source.matchAll(/reason: '([A-Z]\w+)'/g), ...source.matchAll(/\/, '([A-Z]\w+)'\]/g)];
      return named.map((match) => match[1] ?? '');
    });
    expect(reasons).toContain('SparkNotReachable');
    expect(reasons).toContain('BrokerNotReachable');
    const reference = textOf('docs/reference/spark.md');
    expect(reasons.filter((reason) => !reference.includes(`\`${reason}\``))).toEqual([]);
  });
});
