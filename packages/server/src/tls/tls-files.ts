/**
 * The files of TLS while the server runs: read again when they change, or when told to. What is wrong with new ones is
 * told once, and the old ones go on being used.
 */
import type { TlsTerms } from '@millrace/plane-embedded';
import { type LoadedTls, loadTls } from './load-tls.js';
import type { TlsOptions } from './tls-options.js';

const CHECK_EVERY_MS = 10_000;

export interface TlsFilesOptions {
  readonly files: TlsOptions;
  readonly now: () => Date;
  /** Gives new connections the new terms. */
  readonly use: (terms: TlsTerms) => void;
  readonly log: (line: string) => void;
}

export class TlsFiles {
  private readonly options: TlsFilesOptions;
  private loaded: LoadedTls;
  private timer: NodeJS.Timeout | undefined;
  /** What is wrong, while it is. */
  private complaint: string | undefined;
  private closed = false;

  private constructor(options: TlsFilesOptions, loaded: LoadedTls) {
    this.options = options;
    this.loaded = loaded;
  }

  /** @throws TlsFileError */
  static async open(options: TlsFilesOptions): Promise<TlsFiles> {
    return new TlsFiles(options, await loadTls(options.files, options.now()));
  }

  get terms(): TlsTerms {
    return this.loaded.terms;
  }

  /** Until when the certificate in use is valid. */
  get validTo(): Date {
    return new Date(this.loaded.certificate.validTo);
  }

  /** Looks at the files from time to time. */
  watch(): void {
    const everyMs = this.options.files.checkEveryMs ?? CHECK_EVERY_MS;
    if (everyMs <= 0) return;
    const schedule = (): void => {
      if (this.closed) return;
      this.timer = setTimeout(() => void this.check().finally(schedule), everyMs).unref();
    };
    schedule();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async check(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.complaint) this.options.log(`certificates stay as they were: ${complaint}`);
      this.complaint = complaint;
    }
  }

  /** @returns whether there was something new. @throws TlsFileError: the old ones go on being used then */
  async reload(): Promise<boolean> {
    const { files, now, use, log } = this.options;
    const loaded = await loadTls(files, now());
    this.complaint = undefined;
    if (this.closed || loaded.content === this.loaded.content) return false;
    use(loaded.terms);
    this.loaded = loaded;
    const { subject, validTo } = loaded.certificate;
    log(`new connections get the certificate ${subject.replaceAll('\n', ', ')}, valid to ${validTo}`);
    return true;
  }
}
