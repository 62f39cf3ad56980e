/**
 * One block of an arena, and how much of it is in use by stored messages. Knows neither arena nor messages.
 */
export class ArenaBlock {
  readonly buffer: Buffer;
  /** Content bytes in it of messages that are stored somewhere. */
  liveBytes = 0;
  /** True when nothing more is put into it. */
  sealed = false;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }
}
