import type { IToken, ParserMethod } from 'chevrotain';
import { identifierOf, LiteralParser, type Rule, recoverExpression } from './literal-parser.js';
import { branchOf, type Syntax } from './syntax.js';
import * as t from './tokens.js';

/** Operands: literals, names, calls, CASE, CAST and brackets, with fields, keys and `::` behind them. */
export abstract class PrimaryParser extends LiteralParser {
  abstract readonly expression: Rule<Syntax>;

  protected readonly postfix: ParserMethod<[IToken | undefined], Syntax> = this.RULE(
    'postfix',
    (minus: IToken | undefined): Syntax => {
      const start = minus?.startOffset ?? this.LA(1).startOffset;
      let result = this.SUBRULE(this.primary, { ARGS: [minus] });
      this.MANY(() => {
        const base = result;
        result = this.OR<Syntax>([
          {
            ALT: () => {
              this.CONSUME(t.Dot);
              const name = this.CONSUME(t.AnyWord);
              return { kind: 'field', base, name: identifierOf(name), span: this.spanFrom(start) };
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.LeftBracket);
              const key = this.SUBRULE(this.expression);
              this.CONSUME(t.RightBracket);
              return { kind: 'index', base, key, span: this.spanFrom(start) };
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.DoubleColon);
              const type = this.SUBRULE(this.type);
              return { kind: 'cast', operand: base, type, mode: 'ansi', span: this.spanFrom(start) };
            },
          },
        ]);
      });
      return result;
    },
    recoverExpression,
  );

  protected readonly primary: ParserMethod<[IToken | undefined], Syntax> = this.RULE(
    'primary',
    (minus: IToken | undefined): Syntax =>
      this.OR<Syntax>({
        DEF: [
          { ALT: () => this.SUBRULE(this.literal, { ARGS: [minus] }) },
          {
            GATE: () => this.LA(2).tokenType === t.StringLiteral,
            ALT: () => this.SUBRULE(this.timestampLiteral),
          },
          {
            GATE: () => this.startsInterval(),
            ALT: () => {
              const interval = this.SUBRULE(this.interval);
              return { kind: 'interval', interval, span: this.spanFrom(interval?.span?.start ?? 0) };
            },
          },
          { ALT: () => this.SUBRULE(this.caseExpression) },
          { ALT: () => this.SUBRULE(this.castExpression) },
          {
            ALT: () => {
              this.CONSUME(t.LeftParen);
              const inner = this.SUBRULE(this.expression);
              this.CONSUME(t.RightParen);
              return inner;
            },
          },
          { GATE: () => this.LA(2).tokenType === t.LeftParen, ALT: () => this.SUBRULE(this.call) },
          { ALT: () => this.SUBRULE(this.name) },
        ],
        IGNORE_AMBIGUITIES: true,
        ERR_MSG: 'an expression',
      }),
    recoverExpression,
  );

  private startsInterval(): boolean {
    const next = this.LA(2).tokenType;
    return next === t.NumberLiteral || next === t.StringLiteral || next === t.Minus || next === t.BadNumber;
  }

  protected readonly name: Rule<Syntax> = this.RULE(
    'name',
    (): Syntax => {
      const parts = [identifierOf(this.CONSUME(t.BareName))];
      this.MANY(() => {
        this.CONSUME(t.Dot);
        parts.push(identifierOf(this.CONSUME(t.AnyWord)));
      });
      return { kind: 'name', parts, span: this.spanFrom(parts[0]?.span.start ?? 0) };
    },
    recoverExpression,
  );

  protected readonly caseExpression: Rule<Syntax> = this.RULE(
    'caseExpression',
    (): Syntax => {
      const { startOffset: start } = this.CONSUME(t.Case);
      const operand = this.OPTION(() => this.SUBRULE(this.expression));
      const branches: ReturnType<typeof branchOf>[] = [];
      this.AT_LEAST_ONE(() => {
        this.CONSUME(t.When);
        const when = this.SUBRULE2(this.expression);
        this.CONSUME(t.Then);
        branches.push(branchOf(when, this.SUBRULE3(this.expression)));
      });
      const otherwise = this.OPTION2(() => {
        this.CONSUME(t.Else);
        return this.SUBRULE4(this.expression);
      });
      this.CONSUME(t.End);
      return { kind: 'case', operand, branches, otherwise, span: this.spanFrom(start) };
    },
    recoverExpression,
  );

  protected readonly castExpression: Rule<Syntax> = this.RULE(
    'castExpression',
    (): Syntax => {
      const word = this.OR([{ ALT: () => this.CONSUME(t.Cast) }, { ALT: () => this.CONSUME(t.TryCast) }]);
      this.CONSUME(t.LeftParen);
      const operand = this.SUBRULE(this.expression);
      this.CONSUME(t.As);
      const type = this.SUBRULE(this.type);
      this.CONSUME(t.RightParen);
      const mode = word.tokenType === t.TryCast ? 'try' : 'ansi';
      return { kind: 'cast', operand, type, mode, span: this.spanFrom(word.startOffset) };
    },
    recoverExpression,
  );

  protected readonly call: Rule<Syntax> = this.RULE(
    'call',
    (): Syntax => {
      const name = identifierOf(this.CONSUME(t.BareName));
      this.CONSUME(t.LeftParen);
      const inside = this.SUBRULE(this.callArguments);
      this.CONSUME(t.RightParen);
      const filter = this.OPTION({
        GATE: () => this.LA(2).tokenType === t.LeftParen,
        DEF: () => {
          this.CONSUME(t.Filter);
          this.CONSUME2(t.LeftParen);
          this.CONSUME(t.Where);
          const { startOffset } = this.LA(1);
          const condition = this.SUBRULE(this.expression);
          const filterSpan = this.spanFrom(startOffset);
          this.CONSUME2(t.RightParen);
          return { condition, filterSpan };
        },
      });
      return {
        kind: 'call',
        name,
        ...inside,
        filter: filter?.condition,
        filterSpan: filter?.filterSpan,
        span: this.spanFrom(name.span.start),
      };
    },
    recoverExpression,
  );

  protected readonly callArguments: Rule<Pick<Syntax & { kind: 'call' }, 'args' | 'star' | 'words'>> = this.RULE(
    'callArguments',
    () => {
      const args: Syntax[] = [];
      const words: ('BOTH' | 'LEADING' | 'TRAILING' | 'FROM' | 'FOR')[] = [];
      const star = this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Star);
            return true;
          },
        },
        {
          ALT: () => {
            this.OPTION({
              GATE: () => ![t.Comma, t.RightParen, t.Dot].includes(this.LA(2).tokenType),
              DEF: () => {
                this.OR2([
                  {
                    ALT: () => {
                      this.CONSUME(t.Both);
                      words.push('BOTH');
                    },
                  },
                  {
                    ALT: () => {
                      this.CONSUME(t.Leading);
                      words.push('LEADING');
                    },
                  },
                  {
                    ALT: () => {
                      this.CONSUME(t.Trailing);
                      words.push('TRAILING');
                    },
                  },
                ]);
              },
            });
            this.MANY_SEP({
              SEP: t.Comma,
              DEF: () => {
                args.push(this.SUBRULE(this.expression));
              },
            });
            this.OPTION2(() => {
              this.CONSUME(t.From);
              words.push('FROM');
              args.push(this.SUBRULE2(this.expression));
              this.OPTION3(() => {
                this.CONSUME(t.For);
                words.push('FOR');
                args.push(this.SUBRULE3(this.expression));
              });
            });
            return false;
          },
        },
      ]);
      return { args, star, words };
    },
    { recoveryValueFunc: () => ({ args: [], star: false, words: [] }) },
  );
}
