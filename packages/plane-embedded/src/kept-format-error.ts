/** What is kept cannot be read: a newer program wrote it, or it is damaged. The message names it. */
export class KeptFormatError extends Error {
  override readonly name = 'KeptFormatError';
}
