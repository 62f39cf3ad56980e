/** The part of a configuration that `SecurityOptions` comes from. */
import { tokenIssuer } from '@millrace/contract';
import { z } from 'zod';

const ISSUERS_MAX = 100;

export const securitySchema = z.strictObject({
  /** Whose JSON Web Tokens are taken. */
  tokenIssuers: z
    .array(tokenIssuer)
    .max(ISSUERS_MAX)
    .default([])
    .refine(
      (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
      'two issuers have the same name',
    ),
  /** From where passwords and tokens are taken without TLS; `everywhere` only behind something that ends TLS. */
  cleartext: z.enum(['loopback', 'everywhere']).default('loopback'),
  /** File that logins, refusals and changes are added to. */
  auditFile: z.string().min(1).optional(),
});
