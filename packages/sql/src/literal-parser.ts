import type { IToken, ParserMethod } from 'chevrotain';
import { parseBytes, parseNumber, parseString, parseTimestamp } from './literals.js';
import { EmbeddedActionsParser } from './parser-toolkit.js';
import type { DataType, LiteralValue, Span } from './plan.js';
import type { Identifier, IntervalSyntax, Syntax, TypeSyntax } from './syntax.js';
import * as t from './tokens.js';

/**
 * Literals, intervals and type names: the lowest layer of the parser.
 *
 * Actions of all layers only build literals from what they were given and never look inside it, because during recovery
 * and chevrotain's recording run a part may be a placeholder.
 */

/**
 * Whether chevrotain looks for mistakes in the grammar itself: a test does, a start need not (it takes 30 ms). `probing`:
 * trusted, and stops at the first error, for who only asks whether a text can be read so far.
 */
export type GrammarTrust = 'trusted' | 'validated' | 'probing';

export interface Complaint {
  readonly code: 'BAD_LITERAL' | 'UNSUPPORTED' | 'SYNTAX';
  readonly span: Span;
  readonly text: readonly [string, string];
}

export type Rule<Result> = ParserMethod<[], Result>;

const MISSING: Syntax = { kind: 'missing', span: { start: 0, end: 0 } };
export const recoverExpression: { readonly recoveryValueFunc: () => Syntax } = { recoveryValueFunc: () => MISSING };

export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

export function identifierOf(token: IToken): Identifier {
  const quoted = token.tokenType === t.QuotedName;
  return { text: quoted ? token.image.slice(1, -1).replaceAll('``', '`') : token.image, span: spanOf(token) };
}

export abstract class LiteralParser extends EmbeddedActionsParser {
  /** What the actions found wrong in texts that follow the grammar. */
  complaints: Complaint[] = [];

  constructor(grammar: GrammarTrust) {
    super(t.TOKENS, {
      recoveryEnabled: grammar !== 'probing',
      maxLookahead: 1,
      nodeLocationTracking: 'none',
      skipValidations: grammar !== 'validated',
    });
  }

  /** From a start offset to the end of the last token that was taken. */
  protected spanFrom(start: number): Span {
    return { start, end: spanOf(this.LA(0)).end };
  }

  protected complain(code: Complaint['code'], span: Span, text: readonly [string, string]): void {
    this.complaints.push({ code, span, text });
  }

  protected readonly literal: ParserMethod<[IToken | undefined], Syntax> = this.RULE(
    'literal',
    (minus: IToken | undefined): Syntax => {
      const start = minus?.startOffset ?? this.LA(1).startOffset;
      const make = (value: LiteralValue, type: DataType): Syntax => ({
        kind: 'literal',
        value,
        type,
        span: this.spanFrom(start),
      });
      return this.OR<Syntax>([
        { ALT: () => this.numberLiteral(this.CONSUME(t.NumberLiteral), minus) },
        { ALT: () => this.badNumber(this.CONSUME(t.BadNumber)) },
        {
          ALT: () => {
            const images: string[] = [];
            this.AT_LEAST_ONE(() => {
              images.push(this.CONSUME(t.StringLiteral).image);
            });
            return make(images.map(parseString).join(''), { name: 'STRING' });
          },
        },
        {
          ALT: () => {
            const token = this.CONSUME(t.BytesLiteral);
            const value = this.ACTION(() => parseBytes(token.image));
            if (value === undefined) {
              this.ACTION(() =>
                this.complain('BAD_LITERAL', spanOf(token), ['a bytes literal has hexadecimal digits only', `X'1F'`]),
              );
            }
            return make(value ?? null, { name: 'BINARY' });
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.True);
            return make(true, { name: 'BOOLEAN' });
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.False);
            return make(false, { name: 'BOOLEAN' });
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Null);
            return make(null, { name: 'VOID' });
          },
        },
      ]);
    },
    recoverExpression,
  );

  private numberLiteral(token: IToken, minus: IToken | undefined): Syntax {
    const span = { start: (minus ?? token).startOffset, end: spanOf(token).end };
    const parsed = parseNumber(token.image, minus === undefined ? 1 : -1);
    if (parsed !== undefined) return { kind: 'literal', ...parsed, span };
    this.ACTION(() => {
      const small = /[SY]$/i.test(token.image);
      this.complain(
        'BAD_LITERAL',
        span,
        small
          ? ['SMALLINT and TINYINT are no types of a job', `write ${token.image.slice(0, -1)}: an INT`]
          : [`${token.image} is out of range for its type`, 'at most 38 digits; a DOUBLE is written as 1e300'],
      );
    });
    return { kind: 'literal', value: 0, type: { name: 'INT' }, span };
  }

  private badNumber(token: IToken): Syntax {
    this.ACTION(() =>
      this.complain('BAD_LITERAL', spanOf(token), [
        `${token.image} is neither a number nor a name`,
        "a name that begins with a digit stands in back quotes; a duration is a string with a space: '5 seconds'",
      ]),
    );
    return { kind: 'literal', value: 0, type: { name: 'INT' }, span: spanOf(token) };
  }

  protected readonly timestampLiteral: Rule<Syntax> = this.RULE(
    'timestampLiteral',
    (): Syntax => {
      const { startOffset: start } = this.CONSUME(t.Timestamp);
      const token = this.CONSUME(t.StringLiteral);
      const span = this.spanFrom(start);
      const value = this.ACTION(() => parseTimestamp(parseString(token.image)));
      if (value === undefined) {
        this.ACTION(() =>
          this.complain('BAD_LITERAL', spanOf(token), [
            `${token.image} is no timestamp`,
            `write TIMESTAMP '2026-01-31 12:30:00'`,
          ]),
        );
      }
      return { kind: 'literal', value: value ?? 0n, type: { name: 'TIMESTAMP' }, span };
    },
    recoverExpression,
  );

  /** `INTERVAL 5 SECONDS`, `INTERVAL '5' SECOND`, `INTERVAL 1 MINUTE 30 SECONDS`, `INTERVAL '5 seconds'`. */
  readonly interval: Rule<IntervalSyntax> = this.RULE(
    'interval',
    () => {
      const { startOffset: start } = this.CONSUME(t.Interval);
      const parts: { amount: string; unit: Identifier }[] = [];
      this.AT_LEAST_ONE({
        GATE: () => parts.length === 0 || this.LA(1).tokenType !== t.StringLiteral,
        DEF: () => {
          const sign = this.OPTION(() => this.CONSUME(t.Minus));
          const amount = this.OR([
            { ALT: () => this.CONSUME(t.NumberLiteral).image },
            { ALT: () => this.CONSUME(t.BadNumber).image },
            {
              ALT: () => {
                const token = this.CONSUME(t.StringLiteral);
                return this.ACTION(() => parseString(token.image));
              },
            },
          ]);
          const unit = this.OPTION2(() => identifierOf(this.CONSUME(t.Word)));
          const span = this.spanFrom(start);
          parts.push({ amount: (sign === undefined ? '' : '-') + amount, unit: unit ?? { text: '', span } });
        },
      });
      return { parts, span: this.spanFrom(start) };
    },
    { recoveryValueFunc: () => ({ parts: [], span: MISSING.span }) },
  );

  /** `STRING`, `DECIMAL(10, 2)`; `MAP<STRING, STRING>` is read for a better message than a syntax error. */
  protected readonly type: Rule<TypeSyntax> = this.RULE(
    'type',
    () => {
      const word = this.CONSUME(t.BareName);
      const parameters: number[] = [];
      this.OPTION(() => {
        this.CONSUME(t.LeftParen);
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            parameters.push(Number(this.CONSUME(t.NumberLiteral).image));
          },
        });
        this.CONSUME(t.RightParen);
      });
      // Flat, so that no text nests here; and only behind words that take types: `x::INT < 5` is a comparison.
      this.OPTION2({
        GATE: () => /^(MAP|ARRAY|STRUCT)$/i.test(word.image),
        DEF: () => {
          this.CONSUME(t.Less);
          this.AT_LEAST_ONE(() => {
            this.OR(
              [t.BareName, t.Comma, t.Less, t.Greater].map((type, index) => ({
                ALT: () => this.consume(index + 10, type),
              })),
            );
          });
        },
      });
      const name = this.ACTION(() => word.image.toUpperCase());
      return { name, parameters, span: this.spanFrom(word.startOffset) };
    },
    { recoveryValueFunc: () => ({ name: '', parameters: [], span: MISSING.span }) },
  );
}
