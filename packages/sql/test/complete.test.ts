import { describe, expect, it } from 'vitest';
import { completeSql, parseDataType } from '../src/index.js';

const CATALOGUE = {
  addresses: ['temperature', 'max', 'devices/+/temperature', 'select'],
  columns: (address: string) =>
    address === 'temperature' ? [{ name: 'celsius', type: parseDataType('DOUBLE')! }] : [],
};

/** `|` is the cursor. */
function complete(text: string) {
  const offset = text.indexOf('|');
  const sql = text.slice(0, offset) + text.slice(offset + 1);
  const completions = completeSql(sql, offset, CATALOGUE);
  return { ...completions, labels: completions.items.map(({ label }) => label) };
}

describe('completion', () => {
  it.each([
    ['|', ['INSERT', 'SELECT']],
    ['sel|', ['SELECT']],
    ['INSERT |', ['INTO']],
    ['SELECT body FROM temperature |', ['WHERE', 'GROUP', 'HAVING', 'WATERMARK', 'AS']],
    ['SELECT body FROM temperature GROUP |', ['BY']],
    ['SELECT body |', ['FROM', 'AS']],
  ])('%s: keywords that the grammar takes', (text, expected) => {
    const { items } = complete(text);
    const keywords = items.filter(({ kind }) => kind === 'keyword').map(({ label }) => label);
    expect(keywords).toEqual(expect.arrayContaining(expected));
    expect(items.filter(({ kind }) => kind === 'column')).toEqual([]);
  });

  it.each(['SELECT body FROM STREAM |', 'SELECT body FROM |', 'SELECT body FROM STREAM(|', 'INSERT INTO |'])(
    '%s: addresses, in quotes where they need them',
    (text) => {
      const { items } = complete(text);
      expect(items.filter(({ kind }) => kind === 'address').map(({ insert }) => insert)).toEqual([
        'temperature',
        'max',
        '`devices/+/temperature`',
        '`select`',
      ]);
      expect(items.some(({ kind }) => kind === 'column')).toBe(false);
    },
  );

  it('what is open as a quoted name is replaced from its quote', () => {
    const text = 'SELECT body FROM STREAM `dev|';
    expect(complete(text)).toMatchObject({ from: 24, to: 28, labels: ['devices/+/temperature'] });
  });

  it('columns of the source come first, also when the FROM follows', () => {
    expect(complete('SELECT c| FROM STREAM temperature').labels[0]).toBe('celsius');
    expect(complete('SELECT c| FROM STREAM max').labels).not.toContain('celsius');
    expect(complete('SELECT body FROM STREAM temperature WHERE ce|').labels[0]).toBe('celsius');
  });

  it('functions have their signatures; what begins with the word stands before what has it inside', () => {
    const { items, labels } = complete('SELECT max| FROM STREAM temperature');
    expect(items[0]).toEqual({ label: 'max', kind: 'function', detail: 'aggregate', insert: 'max(' });
    expect(labels.indexOf('count')).toBe(-1);
    expect(complete('SELECT get_json| FROM STREAM t').items[0]!.detail).toContain('get_json_object(');
  });

  it('types stand in a cast, parts after a dot', () => {
    expect(complete('SELECT CAST(body AS |').labels).toContain('BIGINT');
    expect(complete('SELECT window.| FROM STREAM t').labels).toEqual(['start', 'end']);
  });

  it('whatever is written, it answers', () => {
    const text =
      "INSERT INTO max SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body FROM STREAM temperature WHERE a IN (1, 'x";
    for (let offset = 0; offset <= text.length; offset += 1) {
      expect(completeSql(text, offset, CATALOGUE).items.length).toBeGreaterThanOrEqual(0);
    }
    expect(completeSql('', 99, CATALOGUE).to).toBe(0);
    expect(completeSql('x'.repeat(70_000), 5, CATALOGUE).items).toEqual(expect.any(Array));
  });
});
