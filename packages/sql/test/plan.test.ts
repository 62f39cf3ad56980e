import { describe, expect, test } from 'vitest';
import {
  checkJob,
  checkQuery,
  type Expression,
  FUNCTIONS,
  type FunctionDefinition,
  OPERATORS,
  type Parameter,
  type PlanNode,
} from '../src/index.js';

/** What an engine may rely on. */

function planOf(sql: string) {
  const { plan, diagnostics } = checkQuery(sql);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return plan;
}

function firstExpression(sql: string): Expression {
  const { root } = planOf(sql);
  const [expression] = root.kind === 'project' ? root.expressions : [];
  if (expression === undefined) throw new Error('no expression');
  return expression;
}

function sampleFor({ accepts, constant, name }: Parameter): string {
  if (constant)
    return { format: "'yyyy'", path: "'$.a'", unit: "'hour'", bits: '256', group: '1', scale: '1' }[name] ?? "'a+'";
  const [type] = Array.isArray(accepts) ? accepts : [accepts === 'any' ? 'INT' : 'STRING'];
  const samples: Readonly<Record<string, string>> = {
    STRING: 'body',
    BINARY: 'body_bytes',
    INT: 'priority',
    BIGINT: 'ttl',
    DOUBLE: '1.5D',
    TIMESTAMP: 'time',
    BOOLEAN: 'durable',
    MAP: 'properties',
  };
  return samples[type ?? 'STRING'] ?? 'body';
}

function sampleCall({ name, parameters, repeats = 0 }: FunctionDefinition): string {
  const wanted = name.endsWith('trim') ? parameters.slice(0, 1) : parameters;
  const shown = wanted.map(sampleFor);
  const again = repeats > 0 ? parameters.slice(-repeats).map(sampleFor) : [];
  return `${name}(${[...shown, ...again].join(', ')})`;
}

describe('a call in a plan', () => {
  const real = FUNCTIONS.filter(({ rewritten }) => rewritten === undefined);
  test.each(real)('$name has its canonical name and every argument', (definition) => {
    const expression = firstExpression(`SELECT ${sampleCall(definition)} AS a FROM STREAM s`);
    if (expression.kind !== 'call') throw new Error(`${definition.name} became ${expression.kind}`);
    expect(expression.name).toBe(definition.name);
    expect(expression.args.length).toBeGreaterThanOrEqual(definition.parameters.length);
  });

  const rewritten = FUNCTIONS.filter((definition) => definition.rewritten !== undefined);
  test.each(rewritten)('$name is written as something else', (definition) => {
    const expression = firstExpression(`SELECT ${sampleCall(definition)} AS a FROM STREAM s`);
    const name = expression.kind === 'call' ? expression.name : expression.kind;
    expect(name).not.toBe(definition.name);
    expect(['case', 'cast', 'literal', 'coalesce', ...Object.keys(OPERATORS)]).toContain(name);
  });

  test('has its optional arguments filled in', () => {
    const expression = firstExpression('SELECT lpad(body, 5) AS a FROM STREAM s');
    expect(expression).toMatchObject({ args: [{ kind: 'column' }, { value: 5 }, { kind: 'literal', value: ' ' }] });
  });

  test('has literals in the type that they are used in', () => {
    const expression = firstExpression('SELECT ttl + 1 AS a FROM STREAM s');
    expect(expression).toMatchObject({
      name: 'add',
      args: [{ kind: 'column' }, { kind: 'literal', value: 1n, type: { name: 'BIGINT' } }],
    });
  });
});

describe('a source', () => {
  test('has the columns that are read, and no other', () => {
    const { source } = planOf("SELECT upper(body) AS b FROM STREAM s WHERE priority > 3 AND body <> ''");
    expect(source.output.map(({ name }) => name)).toEqual(['priority', 'body']);
  });

  test('is the bottom of the tree, and its columns are what the indexes mean', () => {
    const { root, source } = planOf(
      "SELECT body, count(*) AS n FROM STREAM s WHERE durable GROUP BY window(time, '5 seconds'), body",
    );
    let node: PlanNode = root;
    while (node.kind !== 'source') node = node.input;
    expect(node).toBe(source);
    expect(source.output.map(({ name }) => name)).toEqual(['durable', 'time', 'body']);
  });
});

describe('an aggregation', () => {
  test('gives the window, the groups, the aggregates; what is above counts from there', () => {
    const { root } = planOf(
      "SELECT count(*) + 1 AS a, address, window.end AS e FROM STREAM s GROUP BY address, window(time, '10 seconds', '5 seconds')",
    );
    if (root.kind !== 'project' || root.input.kind !== 'aggregate') throw new Error('another shape');
    const { window, groups, aggregates, output } = root.input;
    expect([window.sizeUs, window.slideUs, groups.length, aggregates.length]).toEqual([10_000_000, 5_000_000, 1, 1]);
    expect(output.map(({ type }) => type.name)).toEqual(['WINDOW', 'STRING', 'BIGINT']);
    expect(root.expressions).toMatchObject([
      { name: 'add', args: [{ kind: 'column', index: 2 }, { value: 1n }] },
      { kind: 'column', index: 1 },
      { name: 'window_end', args: [{ kind: 'column', index: 0 }] },
    ]);
  });
});

describe('a watermark', () => {
  test('is over the source even if a subquery computes the event time', () => {
    const { watermark, source } = planOf(
      `SELECT count(*) AS n FROM (SELECT timestamp_millis(ttl + 1) AS ts FROM STREAM s WHERE durable)
       WATERMARK ts DELAY OF INTERVAL 2 SECONDS GROUP BY window(ts, '5 seconds')`,
    );
    expect(watermark).toMatchObject({
      column: 'ts',
      delayUs: 2_000_000,
      time: { name: 'timestamp_millis', args: [{ name: 'add' }] },
    });
    const add = watermark?.time.kind === 'call' ? watermark.time.args[0] : undefined;
    const column = add?.kind === 'call' ? add.args[0] : undefined;
    expect(column).toMatchObject({ kind: 'column', index: source.output.findIndex(({ name }) => name === 'ttl') });
  });

  test('over time is none', () => {
    expect(planOf('SELECT body FROM STREAM s WATERMARK time DELAY OF INTERVAL 5 SECONDS').watermark).toBeUndefined();
  });
});

describe('a job', () => {
  test('has its target, and says what its body is', () => {
    expect(checkJob('INSERT INTO `a/b` SELECT body FROM STREAM s').plan).toMatchObject({
      target: 'a/b',
      body: 'column',
    });
    expect(checkJob('INSERT INTO t SELECT priority AS p FROM STREAM s').plan).toMatchObject({
      target: 't',
      body: 'json',
    });
  });

  test('names message columns as they are named, however they were written', () => {
    const { plan } = checkJob('INSERT INTO t SELECT BODY, ttl AS TTL FROM STREAM s');
    expect(plan?.root.output.map(({ name }) => name)).toEqual(['body', 'ttl']);
  });

  test.each([
    ['a', 'a', true],
    ['a/+', 'a/b', true],
    ['a/#', 'a', true],
    ['#', 'x/y', true],
    ['a/+', 'a/b/c', false],
    ['a', 'b', false],
  ])('that reads %s and writes %s: a loop is %s', (source, target, loop) => {
    const { diagnostics } = checkJob(`INSERT INTO \`${target}\` SELECT body FROM STREAM \`${source}\``);
    expect(diagnostics?.some(({ code }) => code === 'LOOP') ?? false).toBe(loop);
  });
});

test('a name of the prototype is no function, type or column', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const { diagnostics } = checkQuery(
      `SELECT ${name}(1) AS a, CAST(1 AS ${name}) AS b, ${name} AS c FROM STREAM ${name} WHERE ${name}(2) = 1`,
    );
    expect(diagnostics?.map(({ code }) => code)).toContain('UNKNOWN_FUNCTION');
  }
});
