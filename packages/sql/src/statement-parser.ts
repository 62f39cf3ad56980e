import { ExpressionParser } from './expression-parser.js';
import { type GrammarTrust, identifierOf, type Rule, spanOf } from './literal-parser.js';
import type { Span } from './plan.js';
import type {
  Identifier,
  Relation,
  SelectItem,
  SelectSyntax,
  StatementSyntax,
  Syntax,
  WatermarkSyntax,
} from './syntax.js';
import * as t from './tokens.js';

/**
 * Statements: `[INSERT INTO target] SELECT … FROM …`. Clauses that a job has not are taken out of the tokens before
 * (refused-clauses.ts), so the grammar does not name them.
 */

const NOWHERE: Span = { start: 0, end: 0 };
const NO_NAME: Identifier = { text: '', span: NOWHERE };
const NO_RELATION: Relation = {
  kind: 'stream',
  name: NO_NAME,
  streaming: true,
  watermark: undefined,
  alias: undefined,
  span: NOWHERE,
};
const NO_QUERY: SelectSyntax = {
  items: [],
  from: NO_RELATION,
  where: undefined,
  whereSpan: undefined,
  groupBy: undefined,
  having: undefined,
  havingSpan: undefined,
  span: NOWHERE,
};

/** Marks that stand in topic filters and host-like names. */
const NAME_MARKS = [t.Minus, t.Slash, t.Plus, t.Dot, t.Hash, t.Star, t.Percent];

export class StatementParser extends ExpressionParser {
  constructor(grammar: GrammarTrust = 'trusted') {
    super(grammar);
    this.performSelfAnalysis();
  }

  readonly statement: Rule<StatementSyntax> = this.RULE(
    'statement',
    () => {
      const target = this.OPTION(() => {
        this.CONSUME(t.Insert);
        this.CONSUME(t.Into);
        this.OPTION2({ GATE: () => this.LA(2).tokenType !== t.Select, DEF: () => this.CONSUME(t.Table) });
        return this.SUBRULE(this.addressName);
      });
      const query = this.SUBRULE(this.select);
      this.MANY(() => this.CONSUME(t.Semicolon));
      return { target, query };
    },
    { recoveryValueFunc: () => ({ target: undefined, query: NO_QUERY }) },
  );

  private readonly select: Rule<SelectSyntax> = this.RULE(
    'select',
    (): SelectSyntax => {
      const { startOffset: start } = this.CONSUME(t.Select);
      const items: SelectItem[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          items.push(this.SUBRULE(this.selectItem));
        },
      });
      this.CONSUME(t.From);
      const from = this.SUBRULE(this.relation);
      const where = this.OPTION(() => {
        this.CONSUME(t.Where);
        const { startOffset } = this.LA(1);
        return { condition: this.SUBRULE(this.expression), span: this.spanFrom(startOffset) };
      });
      const groupBy = this.OPTION2(() => {
        this.CONSUME(t.Group);
        this.CONSUME(t.By);
        const groups: Syntax[] = [];
        this.AT_LEAST_ONE_SEP2({
          SEP: t.Comma,
          DEF: () => {
            groups.push(this.SUBRULE2(this.expression));
          },
        });
        return groups;
      });
      const having = this.OPTION3(() => {
        this.CONSUME(t.Having);
        const { startOffset } = this.LA(1);
        return { condition: this.SUBRULE3(this.expression), span: this.spanFrom(startOffset) };
      });
      return {
        items,
        from,
        where: where?.condition,
        whereSpan: where?.span,
        groupBy,
        having: having?.condition,
        havingSpan: having?.span,
        span: this.spanFrom(start),
      };
    },
    { recoveryValueFunc: () => NO_QUERY },
  );

  private readonly selectItem: Rule<SelectItem> = this.RULE(
    'selectItem',
    (): SelectItem => {
      const { startOffset: start } = this.LA(1);
      return this.OR<SelectItem>({
        IGNORE_AMBIGUITIES: true,
        DEF: [
          {
            ALT: () => {
              this.CONSUME(t.Star);
              return { kind: 'star', qualifier: undefined, span: this.spanFrom(start) };
            },
          },
          {
            GATE: () => this.LA(2).tokenType === t.Dot && this.LA(3).tokenType === t.Star,
            ALT: () => {
              const qualifier = identifierOf(this.CONSUME(t.BareName));
              this.CONSUME(t.Dot);
              this.CONSUME2(t.Star);
              return { kind: 'star', qualifier, span: this.spanFrom(start) };
            },
          },
          {
            ALT: () => {
              const expression = this.SUBRULE(this.expression);
              const alias = this.OPTION(() => this.SUBRULE(this.alias));
              return { kind: 'expression', expression, alias };
            },
          },
        ],
      });
    },
    { recoveryValueFunc: (): SelectItem => ({ kind: 'star', qualifier: undefined, span: NOWHERE }) },
  );

  private readonly alias: Rule<Identifier> = this.RULE(
    'alias',
    () =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.As);
            return identifierOf(this.CONSUME(t.AnyWord));
          },
        },
        { ALT: () => identifierOf(this.CONSUME(t.BareName)) },
      ]),
    { recoveryValueFunc: () => NO_NAME },
  );

  private readonly relation: Rule<Relation> = this.RULE(
    'relation',
    (): Relation => {
      const { startOffset: start } = this.LA(1);
      const base = this.OR<
        | Pick<Extract<Relation, { kind: 'stream' }>, 'kind' | 'name' | 'streaming'>
        | { kind: 'subquery'; query: SelectSyntax }
      >({
        IGNORE_AMBIGUITIES: true,
        DEF: [
          {
            ALT: () => {
              this.CONSUME(t.LeftParen);
              const query = this.SUBRULE(this.select);
              this.CONSUME(t.RightParen);
              return { kind: 'subquery', query };
            },
          },
          {
            // `FROM stream` alone is an address of that name without the word.
            GATE: () => [t.AnyWord, t.LeftParen].some((type) => this.isA(2, type)),
            ALT: () => {
              this.CONSUME(t.Stream);
              const name = this.OR2([
                { ALT: () => this.SUBRULE(this.addressName) },
                {
                  ALT: () => {
                    this.CONSUME2(t.LeftParen);
                    const inner = this.SUBRULE2(this.addressName);
                    this.CONSUME2(t.RightParen);
                    return inner;
                  },
                },
              ]);
              return { kind: 'stream', name, streaming: true };
            },
          },
          { ALT: () => ({ kind: 'stream', name: this.SUBRULE3(this.addressName), streaming: false }) },
        ],
      });
      const span = this.spanFrom(start);
      const watermark = this.OPTION(() => this.SUBRULE(this.watermark));
      const alias = this.OPTION2(() => this.SUBRULE(this.alias));
      const misplaced = this.OPTION3(() => this.SUBRULE2(this.watermark));
      this.ACTION(() => {
        if (misplaced === undefined) return;
        this.complain('SYNTAX', misplaced.span, [
          'WATERMARK stands before the alias',
          'FROM STREAM address WATERMARK column DELAY OF INTERVAL 5 SECONDS AS alias',
        ]);
      });
      return { ...base, watermark, alias, span };
    },
    { recoveryValueFunc: () => NO_RELATION },
  );

  private isA(distance: number, type: typeof t.AnyWord): boolean {
    const token = this.LA(distance).tokenType;
    const reserved = token === t.Watermark || token === t.Where || token === t.Group || token === t.As;
    return !reserved && (token === type || (token.CATEGORIES ?? []).includes(type));
  }

  /** `WATERMARK column DELAY OF INTERVAL …`, or `WATERMARK expression AS name DELAY OF …`. */
  private readonly watermark: Rule<WatermarkSyntax> = this.RULE(
    'watermark',
    (): WatermarkSyntax => {
      const { startOffset: start } = this.CONSUME(t.Watermark);
      const expression = this.SUBRULE(this.expression);
      const alias = this.OPTION(() => {
        this.CONSUME(t.As);
        return identifierOf(this.CONSUME(t.AnyWord));
      });
      this.CONSUME(t.Delay);
      this.CONSUME(t.Of);
      const delay = this.SUBRULE(this.interval);
      return { expression, alias, delay, span: this.spanFrom(start) };
    },
    {
      recoveryValueFunc: (): WatermarkSyntax => ({
        expression: { kind: 'missing', span: NOWHERE },
        alias: undefined,
        delay: { parts: [], span: NOWHERE },
        span: NOWHERE,
      }),
    },
  );

  /** One name. What is written without back quotes and needs them is read whole, for a message with the right text. */
  private readonly addressName: Rule<Identifier> = this.RULE(
    'addressName',
    () => {
      const first = this.CONSUME(t.AnyWord);
      let image = first.image;
      this.MANY({
        GATE: () => NAME_MARKS.includes(this.LA(1).tokenType) || this.touches(),
        DEF: () => {
          const token = this.OR([
            ...NAME_MARKS.map((type, index) => ({ ALT: () => this.consume(index + 1, type) })),
            { ALT: () => this.consume(20, t.AnyWord) },
            { ALT: () => this.consume(21, t.NumberLiteral) },
            { ALT: () => this.consume(22, t.BadNumber) },
          ]);
          image += token.image;
        },
      });
      const span = this.spanFrom(first.startOffset);
      this.ACTION(() => {
        if (image === first.image) return;
        this.complain('SYNTAX', span, [
          `the name ${image} needs back quotes`,
          `write \`${image.replaceAll('`', '')}\``,
        ]);
      });
      return { text: identifierOf(first).text, span };
    },
    { recoveryValueFunc: () => NO_NAME },
  );

  /** Whether the next token follows the last one without a space. */
  private touches(): boolean {
    return spanOf(this.LA(0)).end === this.LA(1).startOffset;
  }
}
