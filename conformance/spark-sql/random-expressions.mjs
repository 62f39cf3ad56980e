/**
 * Random expressions over columns of every type, with every function of the catalogue. Those that Millrace accepts must
 * be accepted by Spark, with the same type: what the golden queries did not think of.
 */

const COLUMNS = [
  ['i', 'INT'],
  ['b', 'BIGINT'],
  ['f', 'FLOAT'],
  ['d', 'DOUBLE'],
  ['p', 'DECIMAL(5, 2)'],
  ['q', 'DECIMAL(20, 4)'],
  ['r', 'DECIMAL(38, 18)'],
];
const LEAVES = [
  ...['body', 'subject', 'priority', 'ttl', 'time', 'durable', 'properties', 'body_bytes', "properties['a']"],
  ...COLUMNS.flatMap(([name]) => [name, name]),
  ...["'a'", "'1'", '1', '2.5', 'NULL', '100', '0.001', '3000000000', '1e3', 'true'],
];
const OPERATORS = ['+', '-', '*', '/', '%', 'DIV', '=', '<', '<>', '<=>', '||', 'AND', 'OR'];
const TYPES = ['INT', 'BIGINT', 'STRING', 'DOUBLE', 'FLOAT', 'BOOLEAN', 'TIMESTAMP', 'BINARY', 'DECIMAL(7, 3)'];
const CONSTANTS = { format: "'yyyy'", path: "'$.a'", unit: "'hour'", bits: '256', group: '1', scale: '-2' };

/** A small seeded generator (mulberry32), so that a failure can be had again. */
function generator(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return { next, pick: (list) => list[Math.floor(next() * list.length)] };
}

function writer(functions, { next, pick }) {
  const call = (depth) => {
    const { name, aliases, parameters, repeats = 0 } = pick(functions);
    const given = parameters.filter(({ fallback }) => fallback === undefined || next() < 0.5);
    const args = given.map((parameter) =>
      parameter.constant ? (CONSTANTS[parameter.name] ?? "'a+'") : expression(depth),
    );
    const more = repeats * Math.floor(next() * 3);
    for (let index = 0; index < more; index++) args.push(expression(depth));
    return `${pick([name, ...aliases])}(${args.join(', ')})`;
  };
  const shapes = [
    (depth) => `(${expression(depth)} ${pick(OPERATORS)} ${expression(depth)})`,
    (depth) => `(${expression(depth)} ${pick(OPERATORS)} ${expression(depth)})`,
    call,
    call,
    (depth) => `${pick(['CAST', 'try_cast'])}(${expression(depth)} AS ${pick(TYPES)})`,
    (depth) => `CASE WHEN ${expression(depth)} THEN ${expression(depth)} ELSE ${expression(depth)} END`,
    (depth) =>
      `CASE ${expression(depth)} WHEN ${expression(depth)} THEN ${expression(depth)} WHEN 1 THEN ${expression(depth)} END`,
    (depth) => `(${expression(depth)} NOT IN (${expression(depth)}, ${expression(depth)}))`,
    (depth) => `(${expression(depth)} BETWEEN ${expression(depth)} AND ${expression(depth)})`,
    (depth) => `(${expression(depth)} LIKE 'a%')`,
    (depth) => `(${expression(depth)} IS ${pick(['NULL', 'NOT NULL', 'TRUE', 'NOT FALSE', 'UNKNOWN'])})`,
    (depth) => `(- ${expression(depth)})`,
  ];
  const expression = (depth) => (depth <= 0 || next() < 0.15 ? pick(LEAVES) : pick(shapes)(depth - 1));
  return expression;
}

/** Texts in the shape of collect.mjs, each accepted by Millrace. */
export function randomTexts(sql, { seed, count }) {
  const random = generator(seed);
  const expression = writer(sql.FUNCTIONS, random);
  const columns = COLUMNS.map(([name, type]) => ({ source: 's', name, type }));
  const catalogue = { columns: { s: COLUMNS.map(([name, type]) => ({ name, type: sql.parseDataType(type) })) } };
  const texts = [];
  for (let tries = 0; texts.length < count && tries < count * 100; tries++) {
    const aggregate = random.next() < 0.15;
    const text = aggregate
      ? `SELECT ${random.pick(['sum', 'avg', 'min', 'max', 'count', 'count_if'])}(${expression(2)}) AS x FROM STREAM s GROUP BY window(time, '5 seconds')`
      : `SELECT ${expression(3)} AS x FROM STREAM s`;
    if (text.length < 40 || sql.checkQuery(text, { catalogue }).plan === undefined) continue;
    texts.push({ place: `random expression ${text}`, sql: text, expect: 'plan', columns });
  }
  return texts;
}
