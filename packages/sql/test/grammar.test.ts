import { expect, test } from 'vitest';
import { Lexer } from '../src/parser-toolkit.js';
import { StatementParser } from '../src/statement-parser.js';
import { TOKENS } from '../src/tokens.js';

/** At a start the grammar is trusted; here chevrotain looks for ambiguities, left recursion and unreachable tokens. */

test('the grammar has no mistake that chevrotain can find', () => {
  expect(() => new StatementParser('validated')).not.toThrow();
});

test('every token can be matched', () => {
  const lexer = new Lexer(TOKENS, {
    positionTracking: 'onlyOffset',
    deferDefinitionErrorsHandling: true,
    ensureOptimizations: true,
  });
  expect(lexer.lexerDefinitionErrors).toEqual([]);
});
