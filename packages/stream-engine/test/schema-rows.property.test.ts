/** Bodies that nobody thought of: whatever JSON.parse takes is a row, and nothing makes the decoder throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileJob } from '../src/index.js';
import { planOf, type Row, run } from './support/harness.js';

const columns = [
  { name: 'text', type: { name: 'STRING' } },
  { name: 'number', type: { name: 'DOUBLE' } },
  { name: 'flag', type: { name: 'BOOLEAN' } },
  { name: 'whole', type: { name: 'INT' } },
] as const;

function decode(format: 'json' | 'csv', bodies: readonly Row['body'][]) {
  const plan = planOf('INSERT INTO t SELECT text, number, flag, whole, message_id FROM STREAM s', {
    columns: { s: columns },
    schemas: { s: { format } },
  });
  const job = compileJob(plan, { onError: 'fail' });
  const outputs = run(
    job,
    bodies.map((body, index) => ({ body: body ?? null, message_id: String(index) })),
  );
  const rows = new Map(outputs.map(({ row: { message_id, ...row } }) => [Number(message_id), row]));
  expect(rows.size + job.undecodable.length).toBe(bodies.length);
  return { rows, undecodable: job.undecodable };
}

/** Lone surrogates become question marks in UTF-8, as in Spark. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const fields = fc.record(
  {
    text: fc.option(text),
    number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    flag: fc.option(fc.boolean()),
    whole: fc.option(fc.integer()),
    other: fc.jsonValue({ maxDepth: 4 }),
  },
  { requiredKeys: [] },
);

describe('JSON', () => {
  test('is what JSON.parse makes of it, in whatever order, with whatever blanks', () => {
    const body = fc.tuple(fields, fc.constantFrom(undefined, 1, '\t'));
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 20 }), (bodies) => {
        const { rows } = decode(
          'json',
          bodies.map(([value, space]) => JSON.stringify(value, undefined, space)),
        );
        for (const [index, [value]] of bodies.entries()) {
          const { text = null, number = null, flag = null, whole = null } = value;
          // An integer in JSON has no sign of its zero.
          expect(rows.get(index)).toEqual({ text, number: number === 0 ? 0 : number, flag, whole });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('with a byte changed is a row wherever JSON.parse finds an object, unless a type does not fit', () => {
    const change = fc.tuple(fields, fc.nat(), fc.constantFrom(...'{}[]",:\\ \n0123-+.eE\'tfnulx'));
    fc.assert(
      fc.property(change, ([value, place, character]) => {
        const whole = JSON.stringify({ other: value });
        const at = place % whole.length;
        const body = whole.slice(0, at) + character + whole.slice(at + 1);
        const { undecodable } = decode('json', [body]);
        let parsed: unknown;
        try {
          parsed = JSON.parse(body);
        } catch {
          return;
        }
        if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return;
        const isTyped = columns.some(({ name }) => Object.hasOwn(parsed as object, name));
        if (!isTyped) expect([body, undecodable]).toEqual([body, []]);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each(['json', 'csv'] as const)('bytes of any kind as %s are a row or none, with a reason', (format) => {
  const marks = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n0123-+.eE\'tfnul"é😀'), maxLength: 60 });
  const body = fc.oneof(fc.uint8Array({ maxLength: 60 }), marks);
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 30 }), (bodies) => {
      for (const { reason } of decode(format, bodies).undecodable) expect(reason).toMatch(/^(the body is no|").{5,}/);
    }),
    { numRuns: 500 },
  );
});

test('nesting and numbers end somewhere, and what is beyond is told', () => {
  const deep = (levels: number): string => `{"text":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const bodies = [
    deep(1000),
    deep(1001),
    deep(100_000),
    `{"other":${'['.repeat(100_000)}`,
    `{"number":${'9'.repeat(1001)}}`,
  ];
  expect(decode('json', bodies).undecodable.map(({ row }) => row)).toEqual([1, 2, 3, 4]);
});
