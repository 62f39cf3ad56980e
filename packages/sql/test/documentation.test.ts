import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AGGREGATE_NAMES,
  DIAGNOSTIC_CODES,
  FUNCTIONS,
  LIMITS,
  MESSAGE_COLUMNS,
  resultText,
  signatureText,
} from '../src/index.js';

/** docs/reference/sql.md says what the tables of this package say. */

const text = readFileSync(new URL('../../../docs/reference/sql.md', import.meta.url), 'utf8');

describe('the reference', () => {
  test.each(FUNCTIONS)('has the function $name with its signature, result, aliases and summary', (definition) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`| \`${signatureText(definition)}\` |`));
    expect(line).toContain(`| ${resultText(definition)} |`);
    expect(line).toContain(definition.summary.replaceAll('|', '\\|'));
    for (const alias of definition.aliases) expect(line).toContain(`\`${alias}\``);
  });

  test.each(Object.entries(DIAGNOSTIC_CODES))('has the error %s', (code, about) => {
    expect(text).toContain(`| \`${code}\` | ${about} |`);
  });

  test.each(MESSAGE_COLUMNS.map(({ name }) => name))('has the column %s', (name) => {
    expect(text).toContain(`\`${name}\``);
  });

  test.each(AGGREGATE_NAMES)('has the aggregate %s', (name) => {
    expect(text).toContain(`\`${name}(`);
  });

  test.each(Object.entries(LIMITS))('has the bound %s', (_, bound) => {
    expect(text.slice(text.indexOf('## Bounds'))).toContain(String(bound));
  });
});
