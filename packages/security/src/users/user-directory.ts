/** All users by name and by certificate, and what each may do, ready to be asked. Filled from the documents. */
import type { Permission, ScramCredentials, UserSpec } from '@millrace/contract';
import type { ClientCertificate } from '../authenticator.js';
import { CompiledPermissions } from '../patterns/compiled-permissions.js';

/** What a document says of a user. */
export interface UserRecord {
  readonly name: string;
  readonly uid: string;
  readonly spec: UserSpec;
}

/** One user as of one version of its document. */
export class Account {
  readonly name: string;
  readonly uid: string;
  readonly enabled: boolean;
  /** Of a user with a password. */
  readonly credentials: ScramCredentials | undefined;
  readonly permissions: readonly Permission[];
  /** Another one when who logged in before must do so again. */
  readonly credential: string;
  private readonly byClientId: boolean;
  private compiled: CompiledPermissions | undefined;

  constructor({ name, uid, spec }: UserRecord) {
    this.name = name;
    this.uid = uid;
    this.enabled = spec.enabled;
    this.permissions = spec.permissions;
    const { authentication } = spec;
    this.credentials = authentication.type === 'password' ? authentication.credentials : undefined;
    this.credential =
      authentication.type === 'password' ? (this.credentials?.storedKey ?? '') : JSON.stringify(authentication);
    this.byClientId = spec.permissions.some(({ addresses }) => addresses.some((text) => text.includes('${clientId}')));
  }

  /** Made at the first question; one for all clients of this user where the client's id does not matter. */
  permissionsOf(clientId: string | undefined): CompiledPermissions {
    if (this.byClientId) return new CompiledPermissions(this.permissions, { user: this.name, clientId });
    this.compiled ??= new CompiledPermissions(this.permissions, { user: this.name, clientId: undefined });
    return this.compiled;
  }

  get dependsOnClientId(): boolean {
    return this.byClientId;
  }
}

interface CertificateRule {
  readonly key: string;
  readonly commonName: string | undefined;
  readonly alternativeName: string | undefined;
  readonly fingerprint256: string | undefined;
}

export class UserDirectory {
  private readonly accounts = new Map<string, Account>();
  private readonly rules = new Map<string, CertificateRule>();
  /** By the most telling part of what the certificate must say. */
  private readonly byCertificate = new Map<string, Set<string>>();

  get size(): number {
    return this.accounts.size;
  }

  get(name: string): Account | undefined {
    return this.accounts.get(name);
  }

  put(record: UserRecord): void {
    this.forgetRule(record.name);
    this.accounts.set(record.name, new Account(record));
    const rule = ruleOf(record.name, record.spec);
    if (rule === undefined) return;
    this.rules.set(record.name, rule);
    const names = this.byCertificate.get(rule.key) ?? new Set();
    names.add(record.name);
    this.byCertificate.set(rule.key, names);
  }

  remove(name: string): void {
    this.forgetRule(name);
    this.accounts.delete(name);
  }

  /** The one user that it belongs to; undefined where there is none, or where two could be meant. */
  ownerOf(certificate: ClientCertificate): Account | undefined {
    const { commonName, alternativeNames } = certificate;
    const fingerprint256 = certificate.fingerprint256.toUpperCase();
    const keys = [`f:${fingerprint256}`, ...alternativeNames.map((name) => `a:${name}`), `c:${commonName}`];
    for (const key of keys) {
      const owners = [...(this.byCertificate.get(key) ?? [])].filter((name) => {
        const rule = this.rules.get(name)!;
        return (
          (rule.fingerprint256 === undefined || rule.fingerprint256 === fingerprint256) &&
          (rule.alternativeName === undefined || alternativeNames.includes(rule.alternativeName)) &&
          (rule.commonName === undefined || rule.commonName === commonName)
        );
      });
      if (owners.length > 1) return undefined;
      if (owners.length === 1) return this.accounts.get(owners[0]!);
    }
    return undefined;
  }

  /** Another user of whom the certificate must say the same. */
  twinOf({ name, spec }: Pick<UserRecord, 'name' | 'spec'>): string | undefined {
    const rule = ruleOf(name, spec);
    if (rule === undefined) return undefined;
    const said = JSON.stringify(rule);
    for (const other of this.byCertificate.get(rule.key) ?? []) {
      if (other !== name && JSON.stringify(this.rules.get(other)) === said) return other;
    }
    return undefined;
  }

  private forgetRule(name: string): void {
    const rule = this.rules.get(name);
    if (rule === undefined) return;
    this.rules.delete(name);
    const names = this.byCertificate.get(rule.key);
    names?.delete(name);
    if (names?.size === 0) this.byCertificate.delete(rule.key);
  }
}

function ruleOf(name: string, { authentication }: UserSpec): CertificateRule | undefined {
  if (authentication.type !== 'certificate') return undefined;
  const { alternativeName, fingerprint256 } = authentication;
  const said = authentication.commonName ?? alternativeName ?? fingerprint256;
  const commonName = said === undefined ? name : authentication.commonName;
  const key =
    fingerprint256 !== undefined
      ? `f:${fingerprint256}`
      : alternativeName !== undefined
        ? `a:${alternativeName}`
        : `c:${commonName}`;
  return { key, commonName, alternativeName, fingerprint256 };
}
