/**
 * Users and what they may do. A password is only ever written: the server turns it into SCRAM-SHA-256 credentials
 * (RFC 5802 §3, RFC 7677) before a document is stored, and shows neither.
 */
import { z } from 'zod';

export const USERS_MAX = 100_000;
export const PERMISSIONS_MAX = 1000;
/** Of all permissions of one user together. */
export const PATTERNS_MAX = 10_000;
/** UTF-8 bytes of one pattern. */
export const PATTERN_BYTES_MAX = 1024;
export const USER_NAME_LENGTH_MAX = 255;
export const PASSWORD_LENGTH_MAX = 1024;
/** RFC 7677 §4 asks for this many at the least. */
export const ITERATIONS_MIN = 4096;
/** A login is not to take seconds. */
export const ITERATIONS_MAX = 1_000_000;

/** What a pattern may have in a level: filled in for each client, and never a wildcard or a separator. */
export const PATTERN_VARIABLES = ['user', 'clientId'] as const;
export type PatternVariable = (typeof PATTERN_VARIABLES)[number];

export const VERBS = ['send', 'recv', 'view', 'manage'] as const;

const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/;
const VARIABLE = /\$\{([^}]*)\}/g;
const encoder = new TextEncoder();

/** @returns a sentence that says what is wrong with this user name, or undefined when it is well */
export function userNameFault(name: string): string | undefined {
  if (name.length === 0) return 'a user name has at least one character';
  if (name.length > USER_NAME_LENGTH_MAX) return `a user name has at most ${USER_NAME_LENGTH_MAX} characters`;
  if (name === 'anonymous') return 'anonymous is the name of those who say no name';
  if (!USER_NAME.test(name))
    return 'a user name starts with a letter or digit and has letters, digits, ".", "_", "@" and "-"';
  return undefined;
}

/** @returns a sentence that says what is wrong with this address pattern, or undefined when it is well */
export function addressPatternFault(pattern: string): string | undefined {
  if (pattern.length === 0) return 'an address pattern has at least one character';
  if (encoder.encode(pattern).length > PATTERN_BYTES_MAX)
    return `an address pattern has at most ${PATTERN_BYTES_MAX} bytes of UTF-8`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(pattern)) return 'an address pattern has no control characters';
  if (pattern.startsWith('$share/'))
    return 'a permission is for what is subscribed to: leave $share and the name of the group away';
  const levels = pattern.split('/');
  for (const [index, level] of levels.entries()) {
    if (level === '+') continue;
    if (level === '#' && index === levels.length - 1) continue;
    if (level === '#') return '# stands at the end of a pattern, or nowhere';
    if (/[+#]/.test(level)) return `+ and # each take a whole level: "${level}" mixes one with text`;
  }
  for (const [, name = ''] of pattern.matchAll(VARIABLE)) {
    if ((PATTERN_VARIABLES as readonly string[]).includes(name)) continue;
    return `\${${name}} is not known; there are ${PATTERN_VARIABLES.map((known) => `\${${known}}`).join(' and ')}`;
  }
  return undefined;
}

/** Exactly this many bytes in base64 with padding (RFC 4648 §4). */
function base64Of(bytes: { readonly least: number; readonly most: number }) {
  return z.string().refine(
    (text) => {
      if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return false;
      const length = (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
      return length >= bytes.least && length <= bytes.most;
    },
    `base64 of ${bytes.least === bytes.most ? bytes.least : `${bytes.least} to ${bytes.most}`} bytes is right`,
  );
}

/** SCRAM-SHA-256, made elsewhere: `saltedPassword = PBKDF2-HMAC-SHA-256(SASLprep(password), salt, iterations)`. */
export const scramCredentials = z.strictObject({
  iterations: z.number().int().min(ITERATIONS_MIN).max(ITERATIONS_MAX),
  salt: base64Of({ least: 8, most: 64 }),
  /** SHA-256(HMAC(saltedPassword, "Client Key")). */
  storedKey: base64Of({ least: 32, most: 32 }),
  /** HMAC(saltedPassword, "Server Key"). */
  serverKey: base64Of({ least: 32, most: 32 }),
});

/** Either what is to become credentials, or these; neither leaves what the user has. Nothing of it is ever shown. */
const passwordAuthentication = z.strictObject({
  type: z.literal('password'),
  password: z.string().min(1).max(PASSWORD_LENGTH_MAX).optional(),
  credentials: scramCredentials.optional(),
});

/** All that is said must fit. With nothing said, the common name must be the user's name. */
const certificateAuthentication = z.strictObject({
  type: z.literal('certificate'),
  /** CN of the subject. */
  commonName: z.string().min(1).max(1024).optional(),
  /** One of the DNS, URI or e-mail names of subjectAltName. */
  alternativeName: z.string().min(1).max(1024).optional(),
  /** SHA-256 of the certificate: 32 bytes in hex with colons between, as OpenSSL writes it. */
  fingerprint256: z
    .string()
    .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$/, '32 bytes in hex with colons between')
    .transform((text) => text.toUpperCase())
    .optional(),
});

/** Someone else says who it is: an issuer of tokens that names users. */
const externalAuthentication = z.strictObject({ type: z.literal('external') });

export const userAuthentication = z.discriminatedUnion('type', [
  passwordAuthentication,
  certificateAuthentication,
  externalAuthentication,
]);

const addressPattern = z.string().superRefine((pattern, context) => {
  const fault = addressPatternFault(pattern);
  if (fault !== undefined) {
    context.addIssue({ code: 'custom', message: fault, input: pattern, params: { code: 'pattern' } });
  }
});

export const permission = z.strictObject({
  verbs: z.array(z.enum(VERBS)).min(1).max(VERBS.length),
  addresses: z.array(addressPattern).min(1).max(PATTERNS_MAX),
});

const userFields = z.strictObject({
  authentication: userAuthentication,
  /** False: nobody can log in as this user, and who has is cut off. */
  enabled: z.boolean().default(true),
  permissions: z.array(permission).max(PERMISSIONS_MAX).default([]),
});

export const userSpec = userFields.superRefine((spec, context) => {
  const { authentication, permissions } = spec;
  const issue = (path: PropertyKey[], code: string, message: string) =>
    context.addIssue({ code: 'custom', path, message, params: { code } });
  if (authentication.type === 'password' && authentication.password !== undefined && authentication.credentials) {
    issue(['authentication', 'credentials'], 'value', 'a password or credentials made of one, not both');
  }
  const patterns = permissions.reduce((sum, { addresses }) => sum + addresses.length, 0);
  if (patterns > PATTERNS_MAX) {
    issue(['permissions'], 'range', `the permissions have ${patterns} address patterns; the most is ${PATTERNS_MAX}`);
  }
});

export type ScramCredentials = z.infer<typeof scramCredentials>;
export type UserAuthentication = z.infer<typeof userAuthentication>;
export type Permission = z.infer<typeof permission>;
export type UserSpec = z.infer<typeof userSpec>;
export type UserSpecInput = z.input<typeof userSpec>;

/** May do everything: `manage` on `#` is what users, connections and the whole server ask for. */
export function isAdministrator({ enabled, permissions }: Pick<UserSpec, 'enabled' | 'permissions'>): boolean {
  return enabled && permissions.some(({ verbs, addresses }) => verbs.includes('manage') && addresses.includes('#'));
}

/** As it may be shown: without anything that a password could be guessed from. */
export function withoutSecrets(spec: UserSpec): UserSpec {
  return spec.authentication.type === 'password' ? { ...spec, authentication: { type: 'password' } } : spec;
}

/** Keys whose values stand in no error, log or listing. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(['password', 'credentials', 'salt', 'storedKey', 'serverKey']);
