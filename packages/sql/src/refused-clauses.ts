import type { IToken, TokenType } from 'chevrotain';
import { spanOf } from './literal-parser.js';
import type { Span } from './plan.js';
import * as t from './tokens.js';

/**
 * Clauses that Spark has and a job has not. They are found in the tokens, so that each is refused by its name with a
 * reason, and taken out where the rest makes sense without them, so that the rest is checked too.
 */

export interface Refusal {
  readonly span: Span;
  readonly text: readonly [string, string];
}

export interface Refused {
  readonly refusals: readonly Refusal[];
  /** What is left to parse. */
  readonly tokens: readonly IToken[];
  /** Whether the rest makes sense without the clauses. */
  readonly readable: boolean;
}

interface Clause {
  readonly words: readonly TokenType[];
  readonly text: readonly [string, string];
  /** What is taken out: these words, the clause up to the end of its SELECT, or nothing (the rest is not read). */
  readonly removes: 'words' | 'clause' | 'nothing';
}

const ONE_ADDRESS = 'a topic filter as `devices/+/temperature` reads several addresses; two jobs can write to one';

const CLAUSES: readonly Clause[] = [
  {
    words: [t.LeftParen, t.Distinct],
    text: [
      'an aggregate of DISTINCT values needs unbounded state over a stream',
      'group by the value in one job, and count its rows in a second one',
    ],
    removes: 'words',
  },
  {
    words: [t.Select, t.Distinct],
    text: [
      'SELECT DISTINCT over a stream would keep every row for ever',
      `GROUP BY window(time, '5 seconds') and the columns gives each once a window`,
    ],
    removes: 'words',
  },
  {
    words: [t.Order, t.By],
    text: ['ORDER BY cannot sort a stream that never ends', 'results come in the order of their windows; leave it out'],
    removes: 'clause',
  },
  {
    words: [t.Sort, t.By],
    text: ['SORT BY cannot sort a stream that never ends', 'results come in the order of their windows; leave it out'],
    removes: 'clause',
  },
  {
    words: [t.Limit],
    text: [
      'LIMIT would end a job after some rows',
      'leave it out; `millrace receive ADDRESS --count N` reads the first results',
    ],
    removes: 'clause',
  },
  { words: [t.Offset], text: ['OFFSET has no meaning for a stream', 'leave it out'], removes: 'clause' },
  {
    words: [t.Join],
    text: ['JOIN is not supported: a job reads one source', ONE_ADDRESS],
    removes: 'nothing',
  },
  {
    words: [t.Union],
    text: ['UNION is not supported: a job reads one source', ONE_ADDRESS],
    removes: 'nothing',
  },
  {
    words: [t.Intersect],
    text: ['INTERSECT is not supported: a job reads one source', 'use WHERE'],
    removes: 'nothing',
  },
  { words: [t.Except], text: ['EXCEPT is not supported: a job reads one source', 'use WHERE'], removes: 'nothing' },
  {
    words: [t.With],
    text: ['WITH is not supported', 'write the query in FROM (SELECT …)'],
    removes: 'nothing',
  },
  {
    words: [t.Insert, t.Overwrite],
    text: ['INSERT OVERWRITE has no meaning for messages that were sent', 'write INSERT INTO'],
    removes: 'nothing',
  },
  {
    words: [t.RightParen, t.Over],
    text: ['OVER is not supported on a stream', `aggregate with GROUP BY window(time, '5 seconds')`],
    removes: 'nothing',
  },
  {
    words: [t.Exists, t.LeftParen, t.Select],
    text: ['EXISTS is not supported: a job reads one source', 'use WHERE'],
    removes: 'nothing',
  },
  {
    words: [t.In, t.LeftParen, t.Select],
    text: ['IN with a subquery is not supported: a job reads one source', 'list the values: IN (1, 2)'],
    removes: 'nothing',
  },
  {
    words: [t.Ilike],
    text: ['ILIKE is not supported', `write lower(x) LIKE 'pattern in lower case'`],
    removes: 'nothing',
  },
];

function matches(tokens: readonly IToken[], at: number, words: readonly TokenType[]): boolean {
  return words.every((word, index) => tokens[at + index]?.tokenType === word);
}

/** The index after the clause: the end of its SELECT, that is a bracket that closes more than was opened, or the end. */
function endOfClause(tokens: readonly IToken[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const type = tokens[at]?.tokenType;
    if (type === t.Semicolon) return at;
    if (type === t.LeftParen) depth++;
    if (type === t.RightParen && --depth < 0) return at;
  }
  return tokens.length;
}

/** A keyword after a dot or AS is a name. */
function isName(tokens: readonly IToken[], at: number): boolean {
  const before = tokens[at - 1]?.tokenType;
  return before === t.Dot || before === t.As || before === t.Stream || before === t.Into;
}

export function refuseClauses(tokens: readonly IToken[]): Refused {
  const refusals: Refusal[] = [];
  const kept: IToken[] = [];
  let readable = true;
  let at = 0;
  while (at < tokens.length) {
    const clause = isName(tokens, at) ? undefined : CLAUSES.find(({ words }) => matches(tokens, at, words));
    const token = tokens[at];
    if (token === undefined) break;
    if (clause === undefined) {
      kept.push(token);
      at++;
      continue;
    }
    const first = spanOf(token);
    const bracketed =
      token.tokenType === t.LeftParen || token.tokenType === t.RightParen || token.tokenType === t.Select;
    const named = tokens[bracketed ? at + 1 : at] ?? token;
    const last = tokens[at + clause.words.length - 1] ?? token;
    refusals.push({
      span: { start: bracketed ? spanOf(named).start : first.start, end: spanOf(last).end },
      text: clause.text,
    });
    if (clause.removes === 'nothing') readable = false;
    // The bracket or SELECT that begins a pattern stays.
    if (bracketed) kept.push(token);
    at = clause.removes === 'clause' ? endOfClause(tokens, at) : at + clause.words.length;
  }
  return { refusals, tokens: kept, readable };
}
