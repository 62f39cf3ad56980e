/** Whose JSON Web Tokens are taken (RFC 7519), and what they allow: a part of the server's configuration. */
import { z } from 'zod';
import { PERMISSIONS_MAX, permission } from './users.js';

/** With a public key; `none` is in no list. */
export const PUBLIC_KEY_ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;
/** With a secret that the issuer shares. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

const text = z.string().min(1).max(2048);

/** A token has these permissions when a claim says so; always, where nothing is said. */
export const tokenPermission = permission.extend({
  /** A string, one of a list of strings, or one word of a string of words such as `scope`. Dots go into objects. */
  when: z.strictObject({ claim: text, value: text }).optional(),
});

const HTTPS_OR_LOOPBACK = /^(https:\/\/|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$))/;

export const tokenIssuer = z
  .strictObject({
    /** Exactly the claim `iss`. */
    issuer: text,
    /** One of these must be in `aud`. */
    audience: z.array(text).min(1).max(100),
    /** Where its public keys are: a JWK set (RFC 7517). */
    jwksUrl: z.string().max(2048).regex(HTTPS_OR_LOOPBACK, 'an https URL').optional(),
    jwksFile: text.optional(),
    /** A file with the secret that it shares, at least 32 bytes: for HS256, HS384 and HS512 alone. */
    secretFile: text.optional(),
    /** Default: all that fit the kind of key. */
    algorithms: z
      .array(z.enum([...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS]))
      .min(1)
      .optional(),
    /** How far the issuer's clock may be from ours, s. */
    clockToleranceSeconds: z.number().int().min(0).max(300).default(30),
    /** The claim that names the user. */
    userClaim: text.default('sub'),
    /** Whether that name means the user document of this name: its permissions then count, and it may be disabled. */
    namesUsers: z.boolean().default(false),
    /** Before the name where it does not, so that no token can pass for a user. */
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,32}:$/, 'up to 32 letters, digits, ".", "_" or "-", then a colon')
      .default('token:'),
    permissions: z.array(tokenPermission).max(PERMISSIONS_MAX).default([]),
    /** A claim that holds permissions as a user document does. Default: there is none. */
    permissionsClaim: text.optional(),
  })
  .superRefine((issuer, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message, params: { code: 'value' } });
    const { jwksUrl, jwksFile, secretFile, algorithms = [] } = issuer;
    if ([jwksUrl, jwksFile, secretFile].filter((source) => source !== undefined).length !== 1) {
      issue('jwksUrl', 'exactly one of jwksUrl, jwksFile and secretFile says where the keys are');
    }
    const fitting: readonly string[] = secretFile === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
    const unfit = algorithms.find((algorithm) => !fitting.includes(algorithm));
    if (unfit !== undefined)
      issue('algorithms', `${unfit} is for another kind of key; right are ${fitting.join(', ')}`);
  });

export type TokenIssuer = z.output<typeof tokenIssuer>;
export type TokenIssuerInput = z.input<typeof tokenIssuer>;

/** @returns the permissions of a claim, or undefined when it holds anything else */
export function permissionsOf(claim: unknown): readonly z.output<typeof permission>[] | undefined {
  const checked = z.array(permission).max(PERMISSIONS_MAX).safeParse(claim);
  return checked.success ? checked.data : undefined;
}
