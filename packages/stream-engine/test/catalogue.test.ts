/** Every function and operator that a checked plan can name is computed by the engine. */
import {
  AGGREGATE_NAMES,
  checkJob,
  type Expression,
  FUNCTIONS,
  type FunctionDefinition,
  findFunction,
  OPERATORS,
  type PlanNode,
} from '@millrace/sql';
import { describe, expect, test } from 'vitest';
import { compileJob, IMPLEMENTED_FUNCTIONS } from '../src/index.js';
import { jobOf, keep, restore, run, SMALL_STATE } from './support/harness.js';

/** An argument that any row has, for a type that a parameter takes. */
const SAMPLES: Readonly<Record<string, string>> = {
  STRING: 'body',
  BINARY: 'CAST(body AS BINARY)',
  INT: 'length(body)',
  BIGINT: 'CAST(length(body) AS BIGINT)',
  DOUBLE: 'CAST(length(body) AS DOUBLE)',
  FLOAT: 'CAST(length(body) AS FLOAT)',
  DECIMAL: 'CAST(length(body) AS DECIMAL(12,2))',
  BOOLEAN: "body = 'x'",
  TIMESTAMP: 'time',
  MAP: "map('k', body)",
};
const CONSTANTS: Readonly<Record<string, string>> = {
  unit: "'HOUR'",
  format: "'yyyy-MM-dd'",
  path: "'$.a'",
  pattern: "'(1)'",
  bits: '256',
  scale: '1',
  group: '1',
};

function callsOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'call':
      return [expression.name, ...expression.args.flatMap(callsOf)];
    case 'cast':
      return callsOf(expression.operand);
    case 'case':
      return [
        ...expression.branches.flatMap((branch) => [...callsOf(branch.when), ...callsOf(branch.then)]),
        ...(expression.otherwise === undefined ? [] : callsOf(expression.otherwise)),
      ];
    default:
      return [];
  }
}

function callsIn(node: PlanNode): string[] {
  if (node.kind === 'source') return [];
  const own = node.kind === 'filter' ? [node.condition] : node.kind === 'project' ? node.expressions : node.groups;
  return [...own.flatMap(callsOf), ...callsIn(node.input)];
}

describe('functions of the catalogue', () => {
  for (const definition of FUNCTIONS) {
    const alternatives = definition.parameters[0]?.accepts;
    const types = typeof alternatives === 'object' ? alternatives : [sampleType(definition)];
    for (const first of types)
      test(`${definition.name} of ${first}`, () => {
        const written = definition.parameters.filter(
          ({ fallback }) => fallback === undefined || definition.written === undefined,
        );
        const args = written.map((parameter, index) => {
          if (parameter.constant === true) return CONSTANTS[parameter.name]!;
          const [type] = index === 0 ? [first] : typeof parameter.accepts === 'object' ? parameter.accepts : ['INT'];
          return SAMPLES[index > 0 && typeof parameter.accepts === 'string' ? sampleType(definition) : type!]!;
        });
        while (args.length < (definition.minimumRepeats ?? 0) * (definition.repeats ?? 0)) args.push(args[0]!);
        const sql = `INSERT INTO t SELECT ${definition.name}(${args.join(', ')}) IS NULL AS isNull FROM STREAM s`;
        const checked = checkJob(sql);
        expect(checked.diagnostics).toBeUndefined();
        const names = callsIn(checked.plan!.root);
        // A TIMESTAMP needs no conversion to one.
        const isRewritten =
          definition.rewritten === true || (first === 'TIMESTAMP' && names[0] === 'is_null' && names.length === 1);
        if (!isRewritten) expect(names.some((name) => findFunction(name) === definition)).toBe(true);
        for (const name of names) expect(IMPLEMENTED_FUNCTIONS).toContain(name);
        const job = compileJob(checked.plan!, { onError: 'skip' });
        expect(run(job, [{ body: '2' }, { body: '' }, { body: null }]).length + job.counters.rowsFailed).toBe(3);
      });
  }
});

/** For parameters that take any type. */
function sampleType({ category }: FunctionDefinition): string {
  return category === 'number' ? 'INT' : 'STRING';
}

test('every operator is implemented', () => {
  const names = Array.isArray(OPERATORS) ? (OPERATORS as readonly string[]) : Object.keys(OPERATORS);
  for (const name of names) expect(IMPLEMENTED_FUNCTIONS).toContain(name);
});

describe('aggregates', () => {
  const types = ['STRING', 'BINARY', 'INT', 'BIGINT', 'DOUBLE', 'FLOAT', 'DECIMAL', 'BOOLEAN', 'TIMESTAMP'];
  for (const name of AGGREGATE_NAMES)
    for (const type of types)
      test(`${name} of ${type}, in sliding windows, over a restart`, () => {
        const sql = `INSERT INTO t SELECT CAST(${name}(${SAMPLES[type]}) AS STRING) AS body FROM STREAM s
          GROUP BY window(time, '4 seconds', '2 seconds')`;
        if (checkJob(sql).plan === undefined) return;
        const rows = ['1', '333', '22', null].map((body, index) => ({ time: index * 1000, body }));
        const whole = run(jobOf(sql), rows, 10_000).map(({ message }) => message.body);
        const first = jobOf(sql, SMALL_STATE);
        const before = run(first, rows.slice(0, 2));
        const second = restore(jobOf(sql, SMALL_STATE), keep(first, new Map()));
        const after = run(second, rows.slice(2), 10_000);
        expect([...before, ...after].map(({ message }) => message.body)).toEqual(whole);
        expect(whole).toHaveLength(3);
      });
});
