import type { ILexingError, IRecognitionException, IToken, Lexer as LexerType, TokenType } from 'chevrotain';
import { type Diagnostic, diagnose } from './diagnostic.js';
import { unitMicroseconds } from './interval.js';
import { LIMITS } from './limits.js';
import { spanOf } from './literal-parser.js';
import { Lexer } from './parser-toolkit.js';
import { refuseClauses } from './refused-clauses.js';
import { StatementParser } from './statement-parser.js';
import { didYouMean, nearest } from './suggest.js';
import type { StatementSyntax } from './syntax.js';
import * as t from './tokens.js';

/** Text to syntax tree, or what is wrong with it. Building the parser costs some milliseconds, so it waits for the first text. */

export interface Parsed {
  /** Undefined where the text cannot be read at all. */
  readonly statement: StatementSyntax | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

interface Tools {
  readonly lexer: LexerType;
  readonly parser: StatementParser;
}

let tools: Tools | undefined;
/** For completion alone. */
let prober: StatementParser | undefined;

function open(): Tools {
  tools ??= {
    lexer: new Lexer(t.TOKENS, { positionTracking: 'onlyOffset', skipValidations: true }),
    parser: new StatementParser(),
  };
  return tools;
}

/** For completion: what can be read of a text as words and marks. */
export function lexTokens(sql: string): readonly IToken[] {
  return sql.length > LIMITS.textLengthMax ? [] : open().lexer.tokenize(sql).tokens;
}

/** Beyond this the grammar is not asked: it reads the text once for each word that it is asked about. */
const FOLLOWING_TOKENS_MAX = 300;

/**
 * Which of these words the grammar takes behind these tokens: each is put there and read. Undefined when what is before it
 * cannot be read itself.
 */
export function followingWords(before: readonly IToken[], words: readonly string[]): readonly string[] | undefined {
  if (before.length > FOLLOWING_TOKENS_MAX) return undefined;
  const { lexer } = open();
  prober ??= new StatementParser('probing');
  const parser = prober;
  const start = (before.at(-1)?.endOffset ?? -1) + 2;
  const taken: string[] = [];
  for (const word of words) {
    const [lexed] = lexer.tokenize(word).tokens;
    if (lexed === undefined) continue;
    const token: IToken = { ...lexed, startOffset: start, endOffset: start + word.length - 1 };
    parser.complaints = [];
    parser.input = [...before, token];
    parser.statement();
    const [first] = parser.errors;
    if (first !== undefined && before.includes(first.token)) return undefined;
    if (first?.token !== token) taken.push(word);
  }
  return taken;
}

/** WITH is refused by its name. */
const HEAD_TOKENS = [t.Insert, t.Select, t.With];
const HEADS = 'a job is: INSERT INTO target SELECT … FROM STREAM source …';

export function parseStatement(sql: string): Parsed {
  const refuse = (diagnostic: Diagnostic): Parsed => ({ statement: undefined, diagnostics: [diagnostic] });
  if (sql.length > LIMITS.textLengthMax) {
    const span = { start: LIMITS.textLengthMax, end: sql.length };
    return refuse(
      diagnose(sql, 'TOO_LARGE', span, [
        `the text has more than ${LIMITS.textLengthMax} characters`,
        'split it into several jobs',
      ]),
    );
  }
  const { lexer, parser } = open();
  const lexed = lexer.tokenize(sql);
  const words = checkTokens(sql, lexed.tokens, lexed.errors);
  if (words.length > 0) return { statement: undefined, diagnostics: words };
  const [head] = lexed.tokens;
  if (head !== undefined && !HEAD_TOKENS.includes(head.tokenType)) {
    const hint = didYouMean(head.image, ['SELECT', 'INSERT'], HEADS);
    return refuse(diagnose(sql, 'SYNTAX', spanOf(head), [`a job does not begin with ${describe(head)}`, hint]));
  }
  const { refusals, tokens, readable } = refuseClauses(lexed.tokens);
  const refused = refusals
    .slice(0, LIMITS.diagnosticsMax)
    .map(({ span, text }) => diagnose(sql, 'UNSUPPORTED', span, text));
  if (!readable) return { statement: undefined, diagnostics: refused };
  parser.complaints = [];
  parser.input = [...tokens];
  const statement = parser.statement();
  const errors = independent(parser.errors, tokens)
    .slice(0, LIMITS.diagnosticsMax)
    .map((error) => explainError(sql, error));
  const complaints = parser.complaints
    .slice(0, LIMITS.diagnosticsMax)
    .map(({ code, span, text }) => diagnose(sql, code, span, text));
  const diagnostics = [...refused, ...complaints, ...errors];
  return { statement: errors.length === 0 && complaints.length === 0 ? statement : undefined, diagnostics };
}

/** What is wrong with the characters, before any grammar. */
function checkTokens(sql: string, tokens: readonly IToken[], errors: readonly ILexingError[]): Diagnostic[] {
  const found = errors.slice(0, LIMITS.diagnosticsMax).map(({ offset, length }) => {
    const text = sql.slice(offset, offset + length);
    const quotes = /[‘’“”´]/.test(text);
    const hint = quotes ? `strings stand in ' quotes` : 'names with other characters stand in back quotes: `a b`';
    return diagnose(sql, 'SYNTAX', { start: offset, end: offset + length }, [
      `unexpected character ${text.slice(0, 20)}`,
      hint,
    ]);
  });
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const type = token.tokenType;
    if (type === t.Unclosed) found.push(unclosed(sql, token));
    depth += nesting(type, tokens[index - 1]?.tokenType);
    if (depth > LIMITS.nestingMax) {
      const text = [
        `brackets and CASE nest deeper than ${LIMITS.nestingMax}`,
        'use a subquery, or fewer brackets',
      ] as const;
      return [...found, diagnose(sql, 'TOO_LARGE', spanOf(token), text)];
    }
  }
  const [first] = tokens;
  if (found.length > 0) return found;
  return first === undefined ? [diagnose(sql, 'SYNTAX', { start: 0, end: 0 }, ['the text is empty', HEADS])] : [];
}

/** What a token adds to the depth. After a dot and AS the words CASE and END are names. */
function nesting(type: TokenType, before: TokenType | undefined): -1 | 0 | 1 {
  if (type === t.LeftParen || type === t.LeftBracket) return 1;
  if (type === t.RightParen || type === t.RightBracket) return -1;
  if (before === t.Dot || before === t.As) return 0;
  return type === t.Case ? 1 : type === t.End ? -1 : 0;
}

function unclosed(sql: string, token: IToken): Diagnostic {
  const start = token.startOffset;
  const mark = token.image.startsWith('/*') ? '/*' : (token.image[0] ?? '');
  const what = mark === '/*' ? 'comment' : mark === '`' ? 'quoted name' : 'string';
  const close = mark === '/*' ? '*/' : mark;
  const hint = token.image === '``' ? 'a quoted name has at least one character' : `close it with ${close}`;
  return diagnose(sql, 'UNCLOSED', { start, end: start + mark.length }, [`this ${what} is not closed`, hint]);
}

function describe(token: IToken): string {
  return Number.isNaN(token.startOffset) || token.image === '' ? 'the end of the text' : token.image.slice(0, 40);
}

/** Tokens that must have been read well after an error for the next one to count: nearer ones mostly follow from it. */
const QUIET_TOKENS = 4;

function independent(errors: readonly IRecognitionException[], tokens: readonly IToken[]): IRecognitionException[] {
  let last = Number.NEGATIVE_INFINITY;
  return errors.filter(({ token }) => {
    const found = tokens.indexOf(token);
    const at = found < 0 ? tokens.length : found;
    const far = at - last >= QUIET_TOKENS;
    last = at;
    return far;
  });
}

/** Chevrotain's exception as a sentence. The text ends where its EOF token stands. */
function explainError(sql: string, error: IRecognitionException): Diagnostic {
  const { token } = error;
  const end = sql.trimEnd().length;
  const span = Number.isNaN(token.startOffset) ? { start: end, end } : spanOf(token);
  return diagnose(sql, 'SYNTAX', span, [messageOf(error), hintOf(error)]);
}

/** What the grammar wants here, if it is one thing: a keyword, a mark, an expression. */
function expectedBy(error: IRecognitionException): string | undefined {
  const expected = /--> (.*?) <--/s.exec(error.message)?.[1];
  if (expected === 'EOF') return undefined;
  return expected ?? (error.context.ruleStack.at(-1) === 'primary' ? 'an expression' : undefined);
}

function messageOf(error: IRecognitionException): string {
  const found = describe(error.token);
  const expected = error.name === 'NotAllInputParsedException' ? undefined : expectedBy(error);
  return expected === undefined ? `unexpected ${found}` : `expected ${expected}, found ${found}`;
}

/** Words that begin the next clause: what is wrong is before them. */
const CLAUSE_WORDS = [t.From, t.Where, t.Group, t.Having, t.Select, t.Into, t.As, t.Watermark];

function hintOf(error: IRecognitionException): string {
  const { token } = error;
  const previous = 'previousToken' in error ? (error.previousToken as IToken | undefined) : undefined;
  const rule = error.context.ruleStack.at(-1);
  const expected = expectedBy(error);
  if (rule === 'statement' && HEAD_TOKENS.includes(token.tokenType)) return 'one job is one statement';
  if (rule === 'statement' && token.tokenType === t.Comma)
    return 'a job reads one source; a topic filter reads several addresses';
  if (expected === 'SELECT' && token.tokenType === t.LeftParen)
    return 'the columns of a message get their names in SELECT, with AS';
  if (previous?.tokenType === t.NumberLiteral && unitMicroseconds(token.image) !== undefined) {
    return `a duration is a string: '${previous.image} ${token.image}'`;
  }
  if (expected !== undefined && expected !== 'an expression') return misspelt(expected, previous, token);
  if (CLAUSE_WORDS.includes(token.tokenType)) {
    if (rule === 'statement' || rule === 'alias' || previous === undefined) return '';
    return `something is missing between ${previous.image} and ${token.image}, or ${previous.image} is one too many`;
  }
  const isKeyword = t.KEYWORDS.includes(token.image.toUpperCase()) && token.tokenType !== t.QuotedName;
  return isKeyword
    ? `${token.image} is a keyword; a column of this name stands in back quotes: \`${token.image}\``
    : '';
}

/** A missing keyword may be the word before, that was read as an alias, or the word that stands in its place. */
function misspelt(expected: string, previous: IToken | undefined, token: IToken): string {
  for (const candidate of [previous, token]) {
    if (candidate?.tokenType !== t.Word || nearest(candidate.image, [expected]) === undefined) continue;
    return `is ${candidate.image} meant as ${expected}?`;
  }
  return expected === 'SELECT' || expected === 'INTO' ? HEADS : '';
}
