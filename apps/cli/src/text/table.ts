/** Tables for people: columns as wide as their content, two spaces between, cut at the terminal's width. */

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  /** Numbers stand right. Default: 'left'. */
  readonly align?: 'left' | 'right';
  /** Shown with `-o wide` alone. Default: false. */
  readonly wideOnly?: boolean;
}

export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: {
    /** Default: nothing is cut. */
    readonly maxWidth?: number | undefined;
  } = {},
): string {
  const cells = rows.map((row) => columns.map((column) => clean(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const line = (values: readonly string[]) => {
    const text = values
      .map((value, index) => pad(value, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
    return cut(text, options.maxWidth);
  };
  return [line(columns.map((column) => column.title)), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

/** What comes from devices must not steer the terminal: control characters are shown, not sent. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function clean(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-';
  return printable(String(value));
}

function pad(value: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(value)));
  return align === 'right' ? fill + value : value + fill;
}

function displayWidth(text: string): number {
  return [...text].length;
}

function cut(text: string, width: number | undefined): string {
  const characters = [...text];
  if (width === undefined || characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
