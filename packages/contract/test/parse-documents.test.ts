import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { addressSpec, checkDocument, describeFault, parseDocuments } from '../src/index.js';

const TWO = `apiVersion: millrace.dev/v1
kind: Address
metadata: { name: temperature }
spec:
  type: queue
  limits: { messages: 1000, bytes: 2MiB }
---
apiVersion: millrace.dev/v1
kind: Job
metadata: { name: max-temperature, labels: { demo: "yes" } }
spec:
  sql: |
    INSERT INTO max SELECT body FROM STREAM temperature
`;

async function faultOf(text: string) {
  const { faults } = await parseDocuments(text);
  expect(faults).not.toHaveLength(0);
  return faults[0]!;
}

describe('parseDocuments', () => {
  it('reads several documents, fills in defaults and says where each begins', async () => {
    const { documents, faults } = await parseDocuments(TWO);
    expect(faults).toEqual([]);
    expect(documents.map(({ line, document }) => [line, document.kind, document.metadata.name])).toEqual([
      [1, 'Address', 'temperature'],
      [8, 'Job', 'max-temperature'],
    ]);
    expect(documents[0]!.document.spec).toEqual(
      addressSpec.parse({ type: 'queue', limits: { messages: 1000, bytes: 2 * 1024 ** 2 } }),
    );
    expect(documents[1]!.document.metadata.labels).toEqual({ demo: 'yes' });
  });

  it('takes JSON, and a document as the server gave it', async () => {
    const read = {
      apiVersion: 'millrace.dev/v1',
      kind: 'Address',
      metadata: { name: 'a/b', labels: {}, uid: 'u', generation: 3, createdAt: '2026-01-01T00:00:00Z' },
      spec: addressSpec.parse({ type: 'topic' }),
      status: { phase: 'Ready' },
    };
    const { documents } = await parseDocuments(JSON.stringify(read));
    expect(documents[0]!.document.metadata).toEqual({ name: 'a/b', labels: {} });
  });

  it('takes EnMasse lists', async () => {
    const item = (name: string, multicast: boolean) => ({
      apiVersion: 'v3',
      kind: 'Address',
      metadata: { name },
      spec: { store_and_forward: true, multicast },
    });
    const list = { apiVersion: 'v3', kind: 'AddressList', items: [item('a', false), item('b', true)] };
    const { documents } = await parseDocuments(JSON.stringify(list));
    expect(documents.map(({ document }) => [document.metadata.name, document.spec])).toMatchObject([
      ['a', { type: 'queue' }],
      ['b', { type: 'topic' }],
    ]);
  });

  it('gives nothing for a text with nothing in it', async () => {
    for (const text of ['', '---\n', '# only a comment\n', '---\n---\n']) {
      expect(await parseDocuments(text), JSON.stringify(text)).toEqual({ documents: [], faults: [] });
    }
  });

  it.each([
    [
      'an unknown key',
      TWO.replace('limits:', 'limit:'),
      { line: 6, pointer: '/spec/limit', code: 'unknown-key' },
      'did you mean limits?',
    ],
    [
      'a key deeper down',
      TWO.replace('messages:', 'message:'),
      { line: 6, pointer: '/spec/limits/message' },
      'did you mean messages?',
    ],
    [
      'an unknown kind',
      TWO.replace('Address', 'Adress'),
      { line: 2, pointer: '/kind', code: 'value' },
      'did you mean Address?',
    ],
    [
      'a wrong value',
      TWO.replace('queue', 'quueu'),
      { line: 5, pointer: '/spec/type', allowed: ['queue', 'topic', 'anycast', 'multicast'] },
      'did you mean queue?',
    ],
    ['a wrong size', TWO.replace('2MiB', '2Mib'), { line: 6, pointer: '/spec/limits/bytes', code: 'format' }, '512KiB'],
    [
      'a wildcard in a name',
      TWO.replace('temperature }', '"a/#" }'),
      { line: 3, pointer: '/metadata/name', code: 'name' },
      'wildcards',
    ],
    [
      'a misspelt part of deduplication',
      TWO.replace('type: queue', 'type: queue\n  deduplication: { windo: 1m }'),
      { line: 6, pointer: '/spec/deduplication/windo', code: 'unknown-key' },
      'did you mean window?',
    ],
    [
      'deduplication that is no object',
      TWO.replace('type: queue', 'type: queue\n  deduplication: true'),
      { line: 6, pointer: '/spec/deduplication', code: 'type' },
      'an object is right',
    ],
    [
      'a window that is too long',
      TWO.replace('type: queue', 'type: queue\n  deduplication: { window: 8d }'),
      { line: 6, pointer: '/spec/deduplication/window', code: 'range' },
      'the most is 7d',
    ],
    [
      'a window that is too short',
      TWO.replace('type: queue', 'type: queue\n  deduplication: { window: 10ms }'),
      { pointer: '/spec/deduplication/window', code: 'range' },
      'the least is 1s',
    ],
    [
      'more ids than are held',
      TWO.replace('type: queue', 'type: queue\n  deduplication: { ids: 1000001 }'),
      { pointer: '/spec/deduplication/ids', code: 'range' },
      'the most is 1000000',
    ],
    [
      'deduplication where nothing is stored',
      TWO.replace('type: queue', 'type: anycast\n  deduplication: {}'),
      { pointer: '/spec/deduplication', code: 'value' },
      'anycast stores nothing',
    ],
    ['a wrong version', TWO.replace('dev/v1', 'dev/v2'), { line: 1, pointer: '/apiVersion' }, 'millrace.dev/v1'],
    [
      'a missing part',
      'apiVersion: millrace.dev/v1\nkind: Job\nmetadata: {name: x}\nspec: {}\n',
      { line: 4, pointer: '/spec/sql', code: 'required' },
      'is missing',
    ],
    ['broken YAML', 'a: [1, 2\nb: 3\n', { code: 'syntax' }, ''],
    ['a key twice', 'kind: Job\nkind: Job\n', { code: 'syntax' }, 'unique'],
    ['a prototype key', 'kind: Job\n__proto__: {x: 1}\n', { code: 'unsafe-key', line: 2 }, '__proto__'],
    ['a list', '- 1\n- 2\n', { code: 'type', pointer: '' }, 'an array'],
  ])('names place and remedy of %s', async (_, text, expected, words) => {
    const fault = await faultOf(text);
    expect(fault).toMatchObject(expected);
    expect(fault.detail).toContain(words);
  });

  it('fills in the window of duplicates, and nobody has one who does not ask', () => {
    const parsed = (deduplication: object | undefined) =>
      addressSpec.parse({ type: 'topic', deduplication }).deduplication;
    expect([parsed({}), parsed({ window: '1m', ids: 5 }), parsed(undefined)]).toEqual([
      { window: 600_000, ids: 100_000 },
      { window: 60_000, ids: 5 },
      undefined,
    ]);
  });

  it('counts documents, and keeps those that are well', async () => {
    const { documents, faults } = await parseDocuments(TWO.replace('sql:', 'sqll:'));
    expect(documents).toHaveLength(1);
    expect(faults.map(({ index, line, pointer }) => [index, line, pointer])).toContainEqual([1, 12, '/spec/sqll']);
    expect(describeFault(faults.find(({ pointer }) => pointer === '/spec/sqll')!, 'f.yaml')).toMatch(
      /^f\.yaml:12:3: document 2 \/spec\/sqll: .*did you mean sql\?$/,
    );
  });

  it('refuses alias bombs', async () => {
    const rows = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'].map((pair) => [...pair])) {
      rows.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]`);
    }
    expect(await faultOf(rows.join('\n'))).toMatchObject({ code: 'alias', index: 0 });
  });

  it('refuses nesting without end', () => {
    let value: unknown = {};
    for (let depth = 0; depth < 5_000; depth += 1) value = { kind: value };
    expect(checkDocument(value)).toMatchObject({ ok: false, details: [{ code: 'depth' }] });
  });

  it('brings every document back through YAML and JSON as it was', async () => {
    await fc.assert(
      fc.asyncProperty(documents(), async (input) => {
        const checked = checkDocument(input);
        expect(checked).toMatchObject({ ok: true });
        if (!checked.ok) return;
        // What was read can be sent back, and says the same.
        expect(checkDocument(checked.value)).toEqual(checked);
        for (const text of [stringify(input), JSON.stringify(input, null, 2)]) {
          const parsed = await parseDocuments(text);
          expect(parsed.faults).toEqual([]);
          expect(parsed.documents[0]!.document).toEqual(checked.value);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never throws, whatever the text or value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), yamlish()), async (text) => {
        const { faults, documents: found } = await parseDocuments(text);
        expect(faults.length + found.length).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const checked = checkDocument(value);
        if (!checked.ok) expect(checked.details.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

function yamlish() {
  return fc
    .array(
      fc.constantFrom(
        'kind: Address',
        'a: &x [',
        '*x',
        '---',
        '  - ',
        '{',
        '}',
        '!!binary x',
        '? ',
        ': ',
        '"',
        "'",
        '|',
        '%YAML 1.1',
      ),
    )
    .map((lines) => lines.join('\n'));
}

function documents() {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
  const labels = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9./-]{0,10}$/), fc.string({ maxLength: 20 }), {
    maxKeys: 4,
  });
  const size = fc.oneof(fc.nat(), fc.constantFrom('10MiB', '512 KiB', '1.5GB', '7'));
  const address = fc.record({
    apiVersion: fc.constant('millrace.dev/v1'),
    kind: fc.constant('Address'),
    metadata: fc.record(
      {
        name: fc.oneof(
          name,
          fc.tuple(name, name).map((parts) => parts.join('/')),
        ),
        labels,
      },
      { requiredKeys: ['name'] },
    ),
    spec: fc.record(
      {
        type: fc.constantFrom('queue', 'topic', 'anycast', 'multicast'),
        durability: fc.constantFrom('message', 'always'),
        limits: fc.record({ messages: fc.integer({ min: 1, max: 1e9 }), bytes: size }, { requiredKeys: [] }),
        whenFull: fc.constantFrom('block', 'reject', 'dropOldest'),
        ttl: fc.oneof(fc.nat(), fc.constantFrom('5s', '1.5h', '200 ms')),
      },
      { requiredKeys: ['type'] },
    ),
  });
  const job = fc.record({
    apiVersion: fc.constant('millrace.dev/v1'),
    kind: fc.constant('Job'),
    metadata: fc.record({ name, labels }, { requiredKeys: ['name'] }),
    spec: fc.record({ sql: fc.string({ minLength: 1 }), paused: fc.boolean() }, { requiredKeys: ['sql'] }),
  });
  return fc.oneof(address, job);
}
