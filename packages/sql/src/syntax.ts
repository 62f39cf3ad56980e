import type { DataType, LiteralValue, Span } from './plan.js';

/** The syntax tree: the text as it was written, names not looked up, types not known. */

export interface Identifier {
  readonly text: string;
  readonly span: Span;
}

export interface TypeSyntax {
  /** As written, in upper case. */
  readonly name: string;
  readonly parameters: readonly number[];
  readonly span: Span;
}

export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | 'DIV'
  | '+'
  | '-'
  | '||'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '<=>'
  | 'AND'
  | 'OR';

export type Syntax =
  | { readonly kind: 'name'; readonly parts: readonly Identifier[]; readonly span: Span }
  | { readonly kind: 'literal'; readonly value: LiteralValue; readonly type: DataType; readonly span: Span }
  | { readonly kind: 'unary'; readonly operator: '-' | '+' | 'NOT'; readonly operand: Syntax; readonly span: Span }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Syntax;
      readonly right: Syntax;
      readonly span: Span;
    }
  | {
      readonly kind: 'between';
      readonly operand: Syntax;
      readonly low: Syntax;
      readonly high: Syntax;
      readonly negated: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'in';
      readonly operand: Syntax;
      readonly items: readonly Syntax[];
      readonly negated: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'like';
      readonly operator: 'like' | 'rlike';
      readonly operand: Syntax;
      readonly pattern: Syntax;
      readonly escape: Syntax | undefined;
      readonly negated: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'is';
      readonly operand: Syntax;
      readonly test: 'null' | 'unknown' | 'true' | 'false';
      readonly negated: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'case';
      readonly operand: Syntax | undefined;
      readonly branches: readonly { readonly when: Syntax; readonly then: Syntax }[];
      readonly otherwise: Syntax | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: 'cast';
      readonly operand: Syntax;
      readonly type: TypeSyntax;
      readonly mode: 'ansi' | 'try';
      readonly span: Span;
    }
  | {
      readonly kind: 'call';
      readonly name: Identifier;
      readonly args: readonly Syntax[];
      /** `count(*)`. */
      readonly star: boolean;
      /** The words of `trim(BOTH … FROM …)` and `substring(… FROM … FOR …)`. Default: none. */
      readonly words: readonly ('BOTH' | 'LEADING' | 'TRAILING' | 'FROM' | 'FOR')[];
      readonly filter: Syntax | undefined;
      /** All of the filter's condition, brackets around it included; an expression's own span leaves those out. */
      readonly filterSpan: Span | undefined;
      readonly span: Span;
    }
  | { readonly kind: 'field'; readonly base: Syntax; readonly name: Identifier; readonly span: Span }
  | { readonly kind: 'index'; readonly base: Syntax; readonly key: Syntax; readonly span: Span }
  | { readonly kind: 'interval'; readonly interval: IntervalSyntax; readonly span: Span }
  /** What recovery puts in place of an expression that could not be parsed. Never reaches the checker. */
  | { readonly kind: 'missing'; readonly span: Span };

/** One `WHEN … THEN …`. */
export function branchOf(when: Syntax, result: Syntax): { readonly when: Syntax; readonly then: Syntax } {
  // biome-ignore lint/suspicious/noThenProperty: the word of the language; such a node is never awaited
  return { when, then: result };
}

/** `INTERVAL 1 MINUTE 30 SECONDS`; the amount is text as written. */
export interface IntervalSyntax {
  readonly parts: readonly { readonly amount: string; readonly unit: Identifier }[];
  readonly span: Span;
}

export type SelectItem =
  | { readonly kind: 'expression'; readonly expression: Syntax; readonly alias: Identifier | undefined }
  | { readonly kind: 'star'; readonly qualifier: Identifier | undefined; readonly span: Span };

export interface WatermarkSyntax {
  readonly expression: Syntax;
  readonly alias: Identifier | undefined;
  readonly delay: IntervalSyntax;
  readonly span: Span;
}

export type Relation =
  | {
      readonly kind: 'stream';
      readonly name: Identifier;
      /** False where the word STREAM was left out. */
      readonly streaming: boolean;
      readonly watermark: WatermarkSyntax | undefined;
      readonly alias: Identifier | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: 'subquery';
      readonly query: SelectSyntax;
      readonly watermark: WatermarkSyntax | undefined;
      readonly alias: Identifier | undefined;
      readonly span: Span;
    };

export interface SelectSyntax {
  readonly items: readonly SelectItem[];
  readonly from: Relation;
  readonly where: Syntax | undefined;
  /** All of the condition, brackets around it included; an expression's own span leaves those out. */
  readonly whereSpan: Span | undefined;
  readonly groupBy: readonly Syntax[] | undefined;
  readonly having: Syntax | undefined;
  /** As `whereSpan`. */
  readonly havingSpan: Span | undefined;
  readonly span: Span;
}

export interface StatementSyntax {
  readonly target: Identifier | undefined;
  readonly query: SelectSyntax;
}
