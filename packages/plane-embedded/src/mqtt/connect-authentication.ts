/**
 * Who the client behind a CONNECT is: by name and password, by its certificate when it gives no password, or by an
 * extended authentication (MQTT 5 §4.12), which carries the mechanisms of SASL. One for each connection.
 */
import { type AuthPacket, type ConnectPacket, ReasonCode } from '@millrace/mqtt';
import type { AccessControl, Origin, Principal } from '@millrace/security';
import { type SaslAnswer, SaslDialogue } from '../sasl-dialogue.js';

export type ConnectAnswer =
  /** `data`: what goes along with the yes. */
  | { readonly kind: 'known'; readonly principal: Principal; readonly data: Uint8Array | undefined }
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

type Answer = (answer: ConnectAnswer) => void;

const EMPTY = Buffer.alloc(0);
const WRONG = {
  kind: 'refused',
  code: ReasonCode.badUserNameOrPassword,
  reason: 'unknown user or wrong password',
} as const;
const NOBODY = {
  kind: 'refused',
  code: ReasonCode.notAuthorized,
  reason: 'anonymous clients are not allowed',
} as const;
const FOREIGN = {
  kind: 'refused',
  code: ReasonCode.notAuthorized,
  reason: 'the certificate belongs to no user',
} as const;
const FAILED = { kind: 'refused', code: ReasonCode.notAuthorized, reason: 'authentication failed' } as const;
const UNSPOKEN = {
  kind: 'refused',
  code: ReasonCode.badAuthenticationMethod,
  reason: 'that authentication method is not spoken here',
} as const;
const LATER = { kind: 'refused', code: ReasonCode.serverUnavailable, reason: 'nobody can be let in now' } as const;
const BUSY = { kind: 'refused', code: ReasonCode.serverBusy, reason: 'there is too much to do now' } as const;
const OUT_OF_TURN = { kind: 'refused', code: ReasonCode.protocolError, reason: 'AUTH out of turn' } as const;

export class ConnectAuthentication {
  private readonly access: AccessControl;
  private readonly origin: Origin;
  private dialogue: SaslDialogue | undefined;
  /** A step is being decided. */
  private deciding = false;

  constructor(access: AccessControl, origin: Origin) {
    this.access = access;
    this.origin = origin;
  }

  begin(packet: ConnectPacket, answer: Answer): void {
    const { authenticationMethod: method, authenticationData } = packet.properties;
    const { username, password } = packet;
    if (method !== undefined) {
      this.start(method, authenticationData, answer);
      return;
    }
    // Without a password it is the certificate that says who it is, where there is one.
    const refusal = password !== undefined || username !== undefined ? WRONG : NOBODY;
    this.access.authenticator.password(username, password, this.origin).then(
      (result) => {
        if (result.ok) answer({ kind: 'known', principal: result.principal, data: undefined });
        else if (result.busy === true) answer(BUSY);
        else answer(this.origin.certificate !== undefined && refusal === NOBODY ? FOREIGN : refusal);
      },
      () => answer(LATER),
    );
  }

  /** AUTH: the next step, or on an open connection the first one of another round. */
  continue({ reasonCode, properties }: AuthPacket, answer: Answer): void {
    const { authenticationMethod, authenticationData } = properties;
    if (this.deciding) answer(OUT_OF_TURN);
    else if (reasonCode === ReasonCode.continueAuthentication && this.dialogue !== undefined) {
      this.step(this.dialogue, authenticationData, answer);
    } else if (reasonCode === ReasonCode.reAuthenticate && this.dialogue === undefined) {
      this.start(authenticationMethod ?? '', authenticationData, answer);
    } else answer(OUT_OF_TURN);
  }

  private start(method: string, data: Uint8Array | undefined, answer: Answer): void {
    const exchange = this.access.authenticator.begin(method, this.origin);
    if (exchange === undefined) {
      answer(UNSPOKEN);
      return;
    }
    this.dialogue = new SaslDialogue(exchange);
    this.step(this.dialogue, data, answer);
  }

  private step(dialogue: SaslDialogue, data: Uint8Array | undefined, answer: Answer): void {
    this.deciding = true;
    dialogue.step(data ?? EMPTY, (result) => {
      this.deciding = false;
      if (result.kind !== 'challenge') this.dialogue = undefined;
      answer(answerOf(result));
    });
  }
}

function answerOf(result: SaslAnswer): ConnectAnswer {
  switch (result.kind) {
    case 'challenge':
      return result;
    case 'done':
      return { kind: 'known', principal: result.principal, data: result.data };
    case 'failed':
      return result.temporary ? BUSY : FAILED;
  }
}
