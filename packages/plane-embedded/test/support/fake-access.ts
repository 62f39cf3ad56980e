/**
 * Users for tests: passwords by name, and a mechanism of two steps as SCRAM has them, without its arithmetic. Whoever it
 * lets in stays valid until `remove`.
 */
import type {
  AccessControl,
  Authentication,
  Authenticator,
  Authorizer,
  ChangedUsers,
  Origin,
  Principal,
  SaslExchange,
  SaslStep,
  Verb,
} from '@millrace/security';

export interface FakeAccessOptions {
  /** Passwords by user name. Default: ann with `secret`, bob with `hidden`. */
  readonly users?: Readonly<Record<string, string>>;
  /** Default: STEPS, PLAIN, and EXTERNAL for whoever has a certificate. */
  readonly mechanisms?: readonly string[];
}

const STRANGER = { ok: false, reason: 'a stranger' } as const;

export class FakeAccess implements AccessControl, Authenticator, Authorizer {
  readonly authenticator = this;
  readonly origins: Origin[] = [];
  /** `user verb address` that are not allowed. */
  readonly forbidden = new Set<string>();
  /** Steps are decided when the test says so. */
  holds = false;
  isBusy = false;
  private readonly users: Map<string, string>;
  private readonly given: readonly string[] | undefined;
  private readonly listeners = new Set<(changed: ChangedUsers) => void>();
  private readonly invalid = new Set<Principal>();
  private readonly known: Principal[] = [];
  private held: (() => void)[] = [];

  constructor(options: FakeAccessOptions = {}) {
    this.users = new Map(Object.entries(options.users ?? { ann: 'secret', bob: 'hidden' }));
    this.given = options.mechanisms;
  }

  mechanisms(origin: Origin): readonly string[] {
    return this.given ?? ['STEPS', 'PLAIN', ...(origin.certificate === undefined ? [] : ['EXTERNAL'])];
  }

  begin(mechanism: string, origin: Origin): SaslExchange | undefined {
    this.origins.push(origin);
    if (!this.mechanisms(origin).includes(mechanism)) return undefined;
    const step = this.stepOf(mechanism, origin);
    return {
      step: async (response) => {
        await this.turn();
        return step(Buffer.from(response).toString());
      },
    };
  }

  private stepOf(mechanism: string, origin: Origin): (response: string) => SaslStep {
    switch (mechanism) {
      case 'PLAIN':
        return (response) => {
          const [, name = '', password = ''] = response.split('\0');
          return stepFrom(this.check(name, password));
        };
      case 'EXTERNAL':
        return () => stepFrom(this.check(origin.certificate?.commonName ?? '', undefined));
      case 'ANONYMOUS':
        return () => ({ kind: 'done', principal: this.principalOf('anonymous', false), data: undefined });
      case 'ENDLESS':
        return () => ({ kind: 'challenge', data: Buffer.from('again') });
      case 'BROKEN':
        return () => {
          throw new Error('planted');
        };
      default:
        return this.twoSteps();
    }
  }

  /** `n=NAME`, answered `nonce`; `nonce PASSWORD`, answered `v=NAME`. */
  private twoSteps(): (response: string) => SaslStep {
    let name: string | undefined;
    return (response) => {
      if (name === undefined) {
        name = response.slice(2);
        return { kind: 'challenge', data: Buffer.from('nonce') };
      }
      const checked = this.check(name, response.replace(/^nonce /, ''));
      if (!checked.ok) return { kind: 'failed', reason: checked.reason };
      return { kind: 'done', principal: checked.principal, data: Buffer.from(`v=${name}`) };
    };
  }

  async password(name: string | undefined, password: Uint8Array | undefined, origin: Origin): Promise<Authentication> {
    this.origins.push(origin);
    await this.turn();
    if (password === undefined && origin.certificate !== undefined) {
      return this.check(origin.certificate.commonName, undefined);
    }
    if (this.isBusy) return { ...STRANGER, busy: true };
    if (name === undefined || password === undefined) return STRANGER;
    return this.check(name, Buffer.from(password).toString());
  }

  async token(): Promise<Authentication> {
    return STRANGER;
  }

  private check(name: string, password: string | undefined): Authentication {
    const wanted = this.users.get(name);
    if (wanted === undefined || (password !== undefined && password !== wanted)) return STRANGER;
    return { ok: true, principal: this.principalOf(name, true) };
  }

  private principalOf(name: string, authenticated: boolean): Principal {
    const principal: Principal = { name, authenticated };
    this.known.push(principal);
    return principal;
  }

  private turn(): Promise<void> {
    if (!this.holds) return Promise.resolve();
    return new Promise((resolve) => this.held.push(resolve));
  }

  letGo(): void {
    const held = this.held;
    this.held = [];
    for (const resolve of held) resolve();
  }

  // ---- rights ----

  authorize(principal: Principal, verb: Verb, address: string): boolean {
    return !this.forbidden.has(`${principal.name} ${verb} ${address}`);
  }

  forbid(...rights: readonly string[]): void {
    for (const right of rights) this.forbidden.add(right);
    this.changed();
  }

  remove(name: string): void {
    this.users.delete(name);
    for (const principal of this.known) if (principal.name === name) this.invalid.add(principal);
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener({ has: () => true });
  }

  onChange(listener: (changed: ChangedUsers) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stillValid(principal: Principal): boolean {
    return !this.invalid.has(principal);
  }
}

function stepFrom(checked: Authentication): SaslStep {
  if (!checked.ok) return { kind: 'failed', reason: checked.reason };
  return { kind: 'done', principal: checked.principal, data: undefined };
}
