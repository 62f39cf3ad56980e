import type { TokenType } from 'chevrotain';
import { createToken, Lexer } from './parser-toolkit.js';

/**
 * The words and marks of the language. Keywords match without regard to case. A reserved word cannot be a bare name
 * where an expression is expected; in back quotes, after a dot and after AS every word is a name.
 */

/** Everything that can be a name after a dot or AS. */
export const AnyWord = createToken({ name: 'AnyWord', pattern: Lexer.NA, label: 'a name' });
/** Everything that can be a name anywhere. */
export const BareName = createToken({ name: 'BareName', pattern: Lexer.NA, label: 'a name' });

export const Word = createToken({
  name: 'Word',
  pattern: /[A-Za-z_][A-Za-z0-9_]*/,
  categories: [AnyWord, BareName],
  label: 'a name',
  line_breaks: false,
});
export const QuotedName = createToken({
  name: 'QuotedName',
  pattern: /`(?:[^`]|``)+`/,
  categories: [AnyWord, BareName],
  label: 'a name',
  line_breaks: true,
});

const keywords: TokenType[] = [];

function keyword(word: string, reserved: 'reserved' | 'free'): TokenType {
  const token = createToken({
    name: word,
    pattern: new RegExp(word, 'i'),
    longer_alt: Word,
    categories: reserved === 'reserved' ? [AnyWord] : [AnyWord, BareName],
    label: word,
  });
  keywords.push(token);
  return token;
}

export const Select = keyword('SELECT', 'reserved');
export const From = keyword('FROM', 'reserved');
export const Where = keyword('WHERE', 'reserved');
export const Group = keyword('GROUP', 'reserved');
export const By = keyword('BY', 'free');
export const Having = keyword('HAVING', 'reserved');
export const Insert = keyword('INSERT', 'free');
export const Into = keyword('INTO', 'reserved');
export const Table = keyword('TABLE', 'free');
export const Stream = keyword('STREAM', 'free');
export const Watermark = keyword('WATERMARK', 'reserved');
export const Delay = keyword('DELAY', 'free');
export const Of = keyword('OF', 'free');
export const Interval = keyword('INTERVAL', 'free');
export const As = keyword('AS', 'reserved');
export const And = keyword('AND', 'reserved');
export const Or = keyword('OR', 'reserved');
export const Not = keyword('NOT', 'reserved');
export const Is = keyword('IS', 'reserved');
export const Null = keyword('NULL', 'reserved');
export const True = keyword('TRUE', 'reserved');
export const False = keyword('FALSE', 'reserved');
export const Unknown = keyword('UNKNOWN', 'free');
export const Case = keyword('CASE', 'reserved');
export const When = keyword('WHEN', 'reserved');
export const Then = keyword('THEN', 'reserved');
export const Else = keyword('ELSE', 'reserved');
export const End = keyword('END', 'reserved');
export const Cast = keyword('CAST', 'reserved');
export const TryCast = keyword('TRY_CAST', 'reserved');
export const Between = keyword('BETWEEN', 'reserved');
export const In = keyword('IN', 'reserved');
export const Like = keyword('LIKE', 'reserved');
export const Rlike = keyword('RLIKE', 'reserved');
export const Regexp = keyword('REGEXP', 'reserved');
export const Escape = keyword('ESCAPE', 'reserved');
export const Div = keyword('DIV', 'reserved');
export const Filter = keyword('FILTER', 'free');
export const Timestamp = keyword('TIMESTAMP', 'free');
export const Both = keyword('BOTH', 'free');
export const Leading = keyword('LEADING', 'free');
export const Trailing = keyword('TRAILING', 'free');
export const For = keyword('FOR', 'free');
// Words that only refused clauses use (refused-clauses.ts); reserved so that they are not taken for an alias.
export const Distinct = keyword('DISTINCT', 'reserved');
export const Order = keyword('ORDER', 'reserved');
export const Sort = keyword('SORT', 'reserved');
export const Limit = keyword('LIMIT', 'reserved');
export const Offset = keyword('OFFSET', 'reserved');
export const Union = keyword('UNION', 'reserved');
export const Intersect = keyword('INTERSECT', 'reserved');
export const Except = keyword('EXCEPT', 'reserved');
export const Join = keyword('JOIN', 'reserved');
export const With = keyword('WITH', 'reserved');
export const Exists = keyword('EXISTS', 'free');
export const Over = keyword('OVER', 'free');
export const Overwrite = keyword('OVERWRITE', 'free');
export const Ilike = keyword('ILIKE', 'reserved');

/** Chevrotain's `label` names a token in messages. */
const mark = (name: string, text: string): TokenType => createToken({ name, pattern: text, label: `'${text}'` });

export const LeftParen = mark('LeftParen', '(');
export const RightParen = mark('RightParen', ')');
export const LeftBracket = mark('LeftBracket', '[');
export const RightBracket = mark('RightBracket', ']');
export const Comma = mark('Comma', ',');
export const Semicolon = mark('Semicolon', ';');
export const Dot = mark('Dot', '.');
export const DoubleColon = mark('DoubleColon', '::');
export const NullSafeEqual = mark('NullSafeEqual', '<=>');
export const Equal = createToken({ name: 'Equal', pattern: /==?/, label: `'='` });
export const NotEqual = createToken({ name: 'NotEqual', pattern: /<>|!=/, label: `'<>'` });
export const LessOrEqual = mark('LessOrEqual', '<=');
export const Less = mark('Less', '<');
export const GreaterOrEqual = mark('GreaterOrEqual', '>=');
export const Greater = mark('Greater', '>');
export const Plus = mark('Plus', '+');
export const Minus = mark('Minus', '-');
export const Star = mark('Star', '*');
export const Slash = mark('Slash', '/');
export const Percent = mark('Percent', '%');
export const Concat = mark('Concat', '||');
export const Bang = mark('Bang', '!');
/** Only inside an unquoted topic filter, for a better message. */
export const Hash = mark('Hash', '#');

export const NumberLiteral = createToken({
  name: 'NumberLiteral',
  pattern: /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:BD|bd|[lLsSyYdDfF])?(?![A-Za-z0-9_])/,
  start_chars_hint: [...'0123456789.'],
  label: 'a number',
  line_breaks: false,
});
/** Digits that run into letters: `5s`. Its own token for a message that says what is wrong. */
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d[A-Za-z0-9_]*/,
  start_chars_hint: [...'0123456789'],
  label: 'a number',
  line_breaks: false,
});
export const StringLiteral = createToken({
  name: 'StringLiteral',
  pattern: /[rR]?(?:'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*")/,
  start_chars_hint: ['r', 'R', "'", '"'],
  label: 'a string',
  line_breaks: true,
});
export const BytesLiteral = createToken({
  name: 'BytesLiteral',
  pattern: /[xX]'[^']*'/,
  start_chars_hint: ['x', 'X'],
  label: 'a bytes literal',
  line_breaks: true,
});
/** A quote or comment that runs to the end of the text. */
export const Unclosed = createToken({
  name: 'Unclosed',
  pattern: /['"`][\s\S]*|\/\*[\s\S]*/,
  start_chars_hint: ["'", '"', '`', '/'],
  line_breaks: true,
});

const Space = createToken({ name: 'Space', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
const LineComment = createToken({ name: 'LineComment', pattern: /--[^\n]*/, group: Lexer.SKIPPED });

/** Spark's bracketed comments nest. */
function matchBlockComment(text: string, start: number): [string] | null {
  if (!text.startsWith('/*', start)) return null;
  let depth = 0;
  for (let at = start; at < text.length - 1; at++) {
    const pair = text.slice(at, at + 2);
    if (pair === '/*') depth++;
    if (pair === '*/') depth--;
    if (pair === '/*' || pair === '*/') at++;
    if (depth === 0) return [text.slice(start, at + 1)];
  }
  return null;
}

const BlockComment = createToken({
  name: 'BlockComment',
  pattern: matchBlockComment,
  start_chars_hint: ['/'],
  group: Lexer.SKIPPED,
  line_breaks: true,
});

/** In the order in which the lexer tries them. */
export const TOKENS: TokenType[] = [
  Space,
  LineComment,
  BlockComment,
  StringLiteral,
  BytesLiteral,
  QuotedName,
  Unclosed,
  NumberLiteral,
  BadNumber,
  // The longest first: the lexer takes the first that fits, and OR would hide ORDER.
  ...keywords.toSorted((left, right) => right.name.length - left.name.length),
  Word,
  NullSafeEqual,
  LessOrEqual,
  NotEqual,
  GreaterOrEqual,
  Less,
  Greater,
  Equal,
  Concat,
  DoubleColon,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  Comma,
  Semicolon,
  Dot,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  Bang,
  Hash,
  AnyWord,
  BareName,
];

/** Every keyword, for suggestions and completion. */
export const KEYWORDS: readonly string[] = keywords.map((token) => token.name);
