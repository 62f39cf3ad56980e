/** A pattern with variables → its levels for one client. */
import type { PatternVariable } from '@millrace/contract';

export type PatternValues = Readonly<Record<PatternVariable, string | undefined>>;

const VARIABLE = /\$\{([^}]*)\}/g;

/**
 * A value fills a part of one level and never makes a wildcard, another level, or a name of the server out of it: a client
 * that calls itself `#` or `a/b` gets nothing by it.
 *
 * @returns undefined when the pattern stands for nothing with these values
 */
export function fillPattern(pattern: string, values: PatternValues): readonly string[] | undefined {
  const levels = pattern.split('/');
  if (!pattern.includes('${')) return levels;
  for (const [index, level] of levels.entries()) {
    if (!level.includes('${')) continue;
    let usable = true;
    levels[index] = level.replace(VARIABLE, (_, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name as PatternVariable] : undefined;
      usable &&= value !== undefined && isPlain(value);
      return value ?? '';
    });
    if (!usable) return undefined;
  }
  return levels;
}

function isPlain(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return value.length > 0 && !/[/+#\u0000-\u001f]/.test(value) && !value.startsWith('$');
}
