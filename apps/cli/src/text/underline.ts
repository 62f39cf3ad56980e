/** Shows a range of a text by its line with the range underlined, as compilers do. Tabs count as one column. */
export function underline(text: string, span: { readonly start: number; readonly end: number }): readonly string[] {
  const start = Math.min(Math.max(0, span.start), text.length);
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const nextBreak = text.indexOf('\n', start);
  const lineEnd = nextBreak === -1 ? text.length : nextBreak;
  const lineNumber = text.slice(0, lineStart).split('\n').length;
  const column = start - lineStart;
  // A range over several lines is underlined to the end of its first.
  const length = Math.max(1, Math.min(span.end, lineEnd) - start);
  const margin = String(lineNumber);
  return [
    `line ${lineNumber}, column ${column + 1}:`,
    `${margin} | ${text.slice(lineStart, lineEnd).replaceAll('\t', ' ')}`,
    `${' '.repeat(margin.length)} | ${' '.repeat(column)}${'^'.repeat(length)}`,
  ];
}
