/** The text of a JSON string whose escapes a scanner has found to be in order. */
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Halves of a pair without the other half, which Java writes as ? in UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

export function unescapeJson(bytes: Buffer, start: number, end: number): string {
  let surrogates = false;
  const text = bytes
    .toString('utf8', start, end)
    .replace(ESCAPE, (_: string, code: string | undefined, character: string) => {
      if (code === undefined) return LETTERS[character] ?? character;
      const unit = Number.parseInt(code, 16);
      if (unit >= 0xd800 && unit <= 0xdfff) surrogates = true;
      return String.fromCharCode(unit);
    });
  return surrogates ? text.replace(LONE_SURROGATE, '?') : text;
}
