/** Users and what they may do, for one server. */
import type { TokenIssuer } from '@millrace/contract';
import { Access } from '@millrace/security';
import { type AuditFile, openAuditFile } from './audit-file.js';
import { loginSecret } from './login-secret.js';

export interface SecurityOptions {
  /** Whose JSON Web Tokens are taken. Default: nobody's. */
  readonly tokenIssuers?: readonly TokenIssuer[];
  /** From where passwords and tokens are taken without TLS. Default: loopback. */
  readonly cleartext?: 'loopback' | 'everywhere';
  /** File that records of logins, refusals and changes are added to. Default: they are not kept. */
  readonly auditFile?: string;
}

export interface ServerAccess {
  readonly access: Access;
  close(): void;
}

export interface AccessPlace {
  readonly dataDirectory: string | undefined;
  /** Also from other machines while there are no users. */
  readonly allowAnonymous: boolean;
  readonly onFault: (error: unknown) => void;
}

/** @throws the system's error of a file that cannot be had */
export function createAccess(options: SecurityOptions, place: AccessPlace): ServerAccess {
  const { tokenIssuers = [], cleartext = 'loopback', auditFile } = options;
  const { dataDirectory, allowAnonymous, onFault } = place;
  const secret = loginSecret(dataDirectory);
  const file: AuditFile | undefined = auditFile === undefined ? undefined : openAuditFile(auditFile, onFault, Date.now);
  const access = new Access({
    anonymous: allowAnonymous ? 'everywhere' : 'loopback',
    cleartext,
    tokenIssuers,
    secret,
    ...(file === undefined ? {} : { audit: file.sink }),
  });
  return { access, close: () => file?.close() };
}
