/** TLS as an operator sets it: names of files, which are read at the start and again whenever they change. */
export interface TlsOptions {
  /** PEM file: the certificate of this server, then those between it and its authority. */
  readonly certificate: string;
  /** PEM file: its private key. */
  readonly key: string;
  /** Of the key's file. Default: it has none. */
  readonly keyPassphrase?: string;
  /** PEM file: authorities whose client certificates are taken. Default: clients are not asked for one. */
  readonly clientAuthorities?: string;
  /** Whether a client may come without a certificate. Default: `request`, it may. */
  readonly clientCertificates?: 'request' | 'require';
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** How often the files are looked at for changes, ms; 0: only by `reloadCertificates`. Default: 10,000. */
  readonly checkEveryMs?: number;
}

/** A file that cannot be used: which one, and why. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
  readonly file: string;
  readonly reason: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, options);
    this.file = file;
    this.reason = reason;
  }
}
