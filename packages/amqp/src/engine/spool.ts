/** Keeps the bytes of one message that is still coming elsewhere than in memory. */
export interface Spool {
  /** Copies the bytes behind those before. @throws Error when there is no room for them */
  append(source: Buffer, start: number, end: number): void;
  /** All of it in one buffer, once, at the end. @throws Error when it cannot be read back */
  take(): Buffer;
  /** It is not needed any more, taken or not. */
  close(): void;
}
