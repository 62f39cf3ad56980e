/** What a journal refuses with. One class for what callers tell apart; all are a JournalError. */

/** A commit that did not come to be durable, and never will; or a journal that cannot be opened. */
export class JournalError extends Error {
  override readonly name: string = 'JournalError';
}

/**
 * There is no room. The batch is not there after a restart either. The journal goes on with what fits into the reserve,
 * and recovers by itself when room is there again.
 */
export class JournalFull extends JournalError {
  override readonly name = 'JournalFull';
}

/** The disk failed. The journal takes nothing more until it is opened anew. */
export class JournalFailed extends JournalError {
  override readonly name = 'JournalFailed';
}

/** Something in the middle of the journal is not what was written there. Nothing is replayed past it. */
export class JournalDamage extends JournalError {
  override readonly name = 'JournalDamage';
  /** Name of the file in the journal's directory. */
  readonly file: string;
  /** Bytes from the start of that file. */
  readonly offset: number;

  constructor(place: { readonly file: string; readonly offset: number }, what: string) {
    super(`${place.file} is damaged at offset ${place.offset}: ${what}`);
    this.file = place.file;
    this.offset = place.offset;
  }
}

/** A backup is not what was written, or not all of it. */
export class BackupDamage extends JournalError {
  override readonly name = 'BackupDamage';
  /** Bytes from the start of the backup. */
  readonly offset: number;

  constructor(offset: number, what: string) {
    super(`the backup is damaged at offset ${offset}: ${what}`);
    this.offset = offset;
  }
}

/** The files were written by a newer program, or belong to another journal. */
export class JournalVersion extends JournalError {
  override readonly name = 'JournalVersion';
}

/** A store is there already. */
export class JournalExists extends JournalError {
  override readonly name = 'JournalExists';
}

/** Another process has the journal open. */
export class JournalLocked extends JournalError {
  override readonly name = 'JournalLocked';
  /** Process that has it, as far as it could be found out. */
  readonly pid: number | undefined;

  constructor(message: string, pid: number | undefined) {
    super(message);
    this.pid = pid;
  }
}
