/** The SASL layer of a connection (AMQP 1.0 §5.3), both roles: which frame may come now, and what answers it. */
import { AmqpError, Condition } from '../amqp-error.js';
import type { Decoder } from '../codec/decoder.js';
import { type Composite, decodeFields, readDescriptor } from '../performatives/composite.js';
import {
  SASL_CHALLENGE,
  SASL_INIT,
  SASL_MECHANISMS,
  SASL_OUTCOME,
  SASL_RESPONSE,
  SaslCode,
  SaslFrame,
  type SaslInit,
} from '../performatives/sasl-frames.js';
import type { SaslMechanism } from './sasl-mechanism.js';

/** What the layer asks of its connection. */
export interface SaslHost {
  writeSasl<T extends object>(composite: Composite<T>, value: T): void;
  saslInit(init: SaslInit): void;
  saslResponse(response: Uint8Array): void;
  /** The layer is done, with success or not. */
  saslDone(code: number): void;
}

export class SaslServer {
  private state: 'mechanisms' | 'init' | 'deciding' | 'response' | 'done' = 'mechanisms';
  private readonly host: SaslHost;
  private readonly mechanisms: readonly string[];

  constructor(host: SaslHost, mechanisms: readonly string[]) {
    this.host = host;
    this.mechanisms = mechanisms;
  }

  get isDeciding(): boolean {
    return this.state === 'deciding';
  }

  start(): void {
    this.state = 'init';
    this.host.writeSasl(SASL_MECHANISMS, { saslServerMechanisms: this.mechanisms });
  }

  handleFrame(decoder: Decoder): void {
    const code = readDescriptor(decoder);
    if (code === SaslFrame.init && this.state === 'init') {
      const init = decodeFields(decoder, SASL_INIT);
      this.state = 'deciding';
      if (this.mechanisms.includes(init.mechanism)) this.host.saslInit(init);
      else this.outcome(SaslCode.auth);
    } else if (code === SaslFrame.response && this.state === 'response') {
      this.state = 'deciding';
      this.host.saslResponse(decodeFields(decoder, SASL_RESPONSE).response);
    } else {
      throw unexpected(code);
    }
  }

  challenge(challenge: Uint8Array): void {
    if (this.state !== 'deciding') throw new TypeError('no SASL response waits for an answer');
    this.state = 'response';
    this.host.writeSasl(SASL_CHALLENGE, { challenge });
  }

  outcome(code: SaslCode, additionalData?: Uint8Array): void {
    if (this.state !== 'deciding') throw new TypeError('no SASL response waits for an answer');
    this.state = 'done';
    this.host.writeSasl(SASL_OUTCOME, { code, additionalData });
    this.host.saslDone(code);
  }
}

export class SaslClient {
  private chosen: SaslMechanism | undefined = undefined;
  private readonly host: SaslHost;
  private readonly mechanisms: readonly SaslMechanism[];
  private readonly hostname: string | undefined;

  /** @param mechanisms in order of preference */
  constructor(host: SaslHost, mechanisms: readonly SaslMechanism[], hostname: string | undefined) {
    this.host = host;
    this.mechanisms = mechanisms;
    this.hostname = hostname;
  }

  handleFrame(decoder: Decoder): void {
    const code = readDescriptor(decoder);
    if (code === SaslFrame.mechanisms && this.chosen === undefined) {
      this.choose(decodeFields(decoder, SASL_MECHANISMS).saslServerMechanisms);
    } else if (code === SaslFrame.challenge && this.chosen !== undefined) {
      const response = this.chosen.respond(decodeFields(decoder, SASL_CHALLENGE).challenge);
      this.host.writeSasl(SASL_RESPONSE, { response });
    } else if (code === SaslFrame.outcome && this.chosen !== undefined) {
      const { code: result, additionalData } = decodeFields(decoder, SASL_OUTCOME);
      if (result === SaslCode.ok) this.chosen.finish?.(additionalData);
      this.host.saslDone(result);
    } else {
      throw unexpected(code);
    }
  }

  private choose(offered: readonly string[]): void {
    const chosen = this.mechanisms.find((mechanism) => offered.includes(mechanism.name));
    if (chosen === undefined) {
      const wanted = this.mechanisms.map(({ name }) => name).join(', ');
      throw new AmqpError(
        Condition.notAllowed,
        `the peer offers SASL ${offered.join(', ')}: none of them can be used here, where it is ${wanted}`,
      );
    }
    this.chosen = chosen;
    this.host.writeSasl(SASL_INIT, {
      mechanism: chosen.name,
      initialResponse: chosen.initialResponse(),
      hostname: this.hostname,
    });
  }
}

function unexpected(code: number): AmqpError {
  return new AmqpError(Condition.illegalState, `SASL frame 0x${code.toString(16)} is not expected now`);
}
