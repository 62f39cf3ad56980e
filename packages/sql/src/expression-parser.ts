import type { IToken, ParserMethod, TokenType } from 'chevrotain';
import { type Rule, recoverExpression } from './literal-parser.js';
import { applyPrecedence } from './precedence.js';
import { PrimaryParser } from './primary-parser.js';
import type { BinaryOperator, Syntax } from './syntax.js';
import * as t from './tokens.js';

/**
 * Expressions. Few rules only: NOT, AND and OR over predicates, predicates over values, values over primaries, each a
 * flat list that precedence.ts turns into a tree. Knows nothing of statements, so that selectors can be parsed with it.
 */

const BINARY: ReadonlyMap<TokenType, BinaryOperator> = new Map<TokenType, BinaryOperator>([
  [t.Star, '*'],
  [t.Slash, '/'],
  [t.Percent, '%'],
  [t.Div, 'DIV'],
  [t.Plus, '+'],
  [t.Minus, '-'],
  [t.Concat, '||'],
  [t.Equal, '='],
  [t.NotEqual, '<>'],
  [t.Less, '<'],
  [t.LessOrEqual, '<='],
  [t.Greater, '>'],
  [t.GreaterOrEqual, '>='],
  [t.NullSafeEqual, '<=>'],
]);

export abstract class ExpressionParser extends PrimaryParser {
  readonly expression: Rule<Syntax> = this.RULE(
    'expression',
    (): Syntax => {
      const operands: Syntax[] = [];
      const operators: BinaryOperator[] = [];
      operands.push(this.SUBRULE(this.negation));
      this.MANY(() => {
        this.OR([
          {
            ALT: () => {
              this.CONSUME(t.And);
              operators.push('AND');
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.Or);
              operators.push('OR');
            },
          },
        ]);
        operands.push(this.SUBRULE2(this.negation));
      });
      return this.ACTION(() => applyPrecedence(operands, operators));
    },
    recoverExpression,
  );

  readonly negation: Rule<Syntax> = this.RULE(
    'negation',
    () => {
      const starts: number[] = [];
      this.MANY(() => {
        const token = this.OR([{ ALT: () => this.CONSUME(t.Not) }, { ALT: () => this.CONSUME(t.Bang) }]);
        starts.push(token.startOffset);
      });
      let result = this.SUBRULE(this.predicate);
      const { end } = this.spanFrom(0);
      for (const start of starts.reverse()) {
        result = { kind: 'unary', operator: 'NOT', operand: result, span: { start, end } };
      }
      return result;
    },
    recoverExpression,
  );

  readonly predicate: Rule<Syntax> = this.RULE(
    'predicate',
    () => {
      const { startOffset: start } = this.LA(1);
      const operand = this.SUBRULE(this.value);
      return (
        this.OPTION(() =>
          this.OR([
            { ALT: () => this.SUBRULE(this.isTest, { ARGS: [operand, start] }) },
            { ALT: () => this.SUBRULE(this.membership, { ARGS: [operand, start] }) },
          ]),
        ) ?? operand
      );
    },
    recoverExpression,
  );

  private readonly isTest: ParserMethod<[Syntax, number], Syntax> = this.RULE(
    'isTest',
    (operand: Syntax, start: number): Syntax => {
      this.CONSUME(t.Is);
      const negated = this.OPTION(() => this.CONSUME(t.Not)) !== undefined;
      const test = this.OR<'null' | 'unknown' | 'true' | 'false'>([
        {
          ALT: () => {
            this.CONSUME(t.Null);
            return 'null';
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.True);
            return 'true';
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.False);
            return 'false';
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Unknown);
            return 'unknown';
          },
        },
      ]);
      return { kind: 'is', operand, test, negated, span: this.spanFrom(start) };
    },
    recoverExpression,
  );

  /** `[NOT] BETWEEN`, `[NOT] IN`, `[NOT] LIKE`, `[NOT] RLIKE`. */
  private readonly membership: ParserMethod<[Syntax, number], Syntax> = this.RULE(
    'membership',
    (operand: Syntax, start: number): Syntax => {
      const negated = this.OPTION(() => this.CONSUME(t.Not)) !== undefined;
      return this.OR<Syntax>([
        {
          ALT: () => {
            this.CONSUME(t.Between);
            const low = this.SUBRULE(this.value);
            this.CONSUME(t.And);
            const high = this.SUBRULE2(this.value);
            return { kind: 'between', operand, low, high, negated, span: this.spanFrom(start) };
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.In);
            this.CONSUME(t.LeftParen);
            const items: Syntax[] = [];
            this.AT_LEAST_ONE_SEP({
              SEP: t.Comma,
              DEF: () => {
                items.push(this.SUBRULE(this.expression));
              },
            });
            this.CONSUME(t.RightParen);
            return { kind: 'in', operand, items, negated, span: this.spanFrom(start) };
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Like);
            const pattern = this.SUBRULE3(this.value);
            const escapeCharacter = this.OPTION2(() => {
              this.CONSUME(t.Escape);
              return this.SUBRULE4(this.value);
            });
            return {
              kind: 'like',
              operator: 'like',
              operand,
              pattern,
              escape: escapeCharacter,
              negated,
              span: this.spanFrom(start),
            };
          },
        },
        {
          ALT: () => {
            this.OR2([{ ALT: () => this.CONSUME(t.Rlike) }, { ALT: () => this.CONSUME(t.Regexp) }]);
            const pattern = this.SUBRULE5(this.value);
            return {
              kind: 'like',
              operator: 'rlike',
              operand,
              pattern,
              escape: undefined,
              negated,
              span: this.spanFrom(start),
            };
          },
        },
      ]);
    },
    recoverExpression,
  );

  readonly value: Rule<Syntax> = this.RULE(
    'value',
    (): Syntax => {
      const operands: Syntax[] = [];
      const operators: BinaryOperator[] = [];
      operands.push(this.SUBRULE(this.signed));
      this.MANY(() => {
        const token = this.OR([...BINARY.keys()].map((type, index) => ({ ALT: () => this.consume(index + 1, type) })));
        operators.push(BINARY.get(token.tokenType) ?? '+');
        operands.push(this.SUBRULE2(this.signed));
      });
      return this.ACTION(() => applyPrecedence(operands, operators));
    },
    recoverExpression,
  );

  /** Signs before a primary. A minus before a number belongs to the literal: -2147483648 is an INT. */
  private readonly signed: Rule<Syntax> = this.RULE(
    'signed',
    () => {
      const signs: IToken[] = [];
      this.MANY(() => {
        signs.push(this.OR([{ ALT: () => this.CONSUME(t.Minus) }, { ALT: () => this.CONSUME(t.Plus) }]));
      });
      const last = signs.at(-1);
      const negative = last?.tokenType === t.Minus && this.LA(1).tokenType === t.NumberLiteral;
      if (negative) signs.pop();
      let result = this.SUBRULE(this.postfix, { ARGS: [negative ? last : undefined] });
      const { end } = this.spanFrom(0);
      for (const sign of signs.reverse()) {
        const operator = sign.tokenType === t.Minus ? '-' : '+';
        result = { kind: 'unary', operator, operand: result, span: { start: sign.startOffset, end } };
      }
      return result;
    },
    recoverExpression,
  );
}
