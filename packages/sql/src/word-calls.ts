import type { CheckContext } from './context.js';
import type { FunctionDefinition } from './function-signature.js';
import type { Syntax } from './syntax.js';

/**
 * Calls with words inside: `trim(BOTH 'x' FROM body)`, `substring(body FROM 1 FOR 3)`. Gives the order in which the
 * arguments stand for the function's parameters.
 */

const TRIMS: Readonly<Record<string, string>> = { BOTH: 'trim', LEADING: 'ltrim', TRAILING: 'rtrim' };

type CallSyntax = Extract<Syntax, { kind: 'call' }>;

export function arrangeWords(
  context: CheckContext,
  { name }: FunctionDefinition,
  syntax: CallSyntax,
): readonly number[] | undefined {
  const { words, args, span } = syntax;
  const asWritten = args.map((_, index) => index);
  const isTrim = name === 'trim' || name === 'ltrim' || name === 'rtrim';
  if (isTrim && words.length === 0 && args.length === 2) {
    const side = Object.keys(TRIMS).find((word) => TRIMS[word] === name) ?? 'BOTH';
    return context.report('ARGUMENT_COUNT', span, [
      `${name} with two arguments is easily read the wrong way round`,
      `write trim(${side} characters FROM text)`,
    ]);
  }
  if (words.length === 0) return asWritten;
  if (isTrim && words.includes('FROM') && !words.includes('FOR')) return args.length === 2 ? [1, 0] : [0];
  if (name === 'substring' && words[0] === 'FROM') return asWritten;
  const hint = isTrim ? `write trim(BOTH 'x' FROM text)` : 'separate the arguments by commas';
  return context.report('ARGUMENT_COUNT', span, [`${name} does not take ${words.join(' … ')}`, hint]);
}

/** The function that a call of `trim` with LEADING or TRAILING is. */
export function calledName(syntax: CallSyntax): string {
  const name = syntax.name.text.toLowerCase();
  const side = name === 'trim' ? syntax.words.find((word) => word in TRIMS) : undefined;
  return side === undefined ? name : (TRIMS[side] ?? name);
}
