/** Whoever gives a name has it, and who gives none is anonymous; with or without a password. */
import {
  type AccessControl,
  ANONYMOUS,
  type Authentication,
  type Authenticator,
  type Principal,
  type SaslExchange,
} from '@millrace/security';

export class TrustingAccess implements AccessControl, Authenticator {
  readonly authenticator = this;

  mechanisms(): readonly string[] {
    return ['PLAIN', 'ANONYMOUS'];
  }

  begin(mechanism: string): SaslExchange {
    return {
      step: async (response) => {
        const name = mechanism === 'PLAIN' ? Buffer.from(response).toString().split('\0')[1] : undefined;
        return { kind: 'done', principal: principalOf(name), data: undefined };
      },
    };
  }

  async password(name: string | undefined): Promise<Authentication> {
    return { ok: true, principal: principalOf(name) };
  }

  async token(): Promise<Authentication> {
    return { ok: false, reason: 'no tokens here' };
  }

  onChange(): () => void {
    return () => {};
  }

  stillValid(): boolean {
    return true;
  }
}

function principalOf(name: string | undefined): Principal {
  return name === undefined ? ANONYMOUS : { name, authenticated: true };
}
