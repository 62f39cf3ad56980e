/** One AMQP connection of the listener: the engine on one side, the broker on the other. */
import {
  AmqpError,
  Condition,
  Connection,
  ConnectionHandler,
  type DeliveryState,
  type IncomingDelivery,
  type Link,
  type Open,
  type ReceiverLink,
  SaslCode,
  type SaslInit,
  type SenderLink,
  type Session,
} from '@millrace/amqp';
import { Message } from '@millrace/broker';
import type { ConnectionObservation } from '@millrace/controller';
import { ANONYMOUS, type ChangedUsers, type Principal } from '@millrace/security';
import { type Host, originOf, type ProtocolConnection } from '../protocol-connection.js';
import { SaslDialogue } from '../sasl-dialogue.js';
import type { SocketOutput } from '../socket-output.js';
import type { TurnTask } from '../turn.js';
import type { AmqpContext } from './amqp-context.js';
import { attachLink, mayKeep } from './attach.js';
import { connectionError, notAllowedAnyMore, refusalError } from './conditions.js';
import { IncomingMessage } from './incoming-message.js';
import { type BrokerLink, type LinkHost, observeLink } from './link-host.js';
import { OutgoingLink } from './outgoing-link.js';
import { OutgoingMessage } from './outgoing-message.js';

/** Where there are no users: who sends a name and a password all the same is let in like everyone else. */
const OPEN_MECHANISMS = ['PLAIN', 'ANONYMOUS'];

export class AmqpListenerConnection extends ConnectionHandler implements ProtocolConnection, TurnTask, LinkHost {
  scheduled = false;
  readonly context: AmqpContext;
  readonly message = new Message();
  readonly incoming = new IncomingMessage();
  readonly outgoing = new OutgoingMessage();
  readonly links = new Set<BrokerLink>();
  private readonly host: Host;
  private readonly output: SocketOutput;
  private readonly engine: Connection;
  private readonly acceptedAt: number;
  private readonly temporaries = new Set<string>();
  private readonly mechanisms: readonly string[];
  private known: Principal | undefined = undefined;
  private dialogue: SaslDialogue | undefined = undefined;
  private touchedLinks: BrokerLink[] = [];
  private checkedBuffer: Buffer | undefined = undefined;
  private full = false;
  private gone = false;

  constructor(context: AmqpContext, host: Host) {
    super();
    const { settings } = context;
    this.context = context;
    this.host = host;
    this.output = host.output;
    this.acceptedAt = host.now();
    this.mechanisms = context.access?.authenticator.mechanisms(originOf(host, 'amqp')) ?? OPEN_MECHANISMS;
    this.engine = new Connection({
      role: 'listener',
      containerId: settings.containerId,
      output: host.output,
      handler: this,
      frameSizeMax: settings.frameSizeMax,
      messageSizeMax: settings.messageSizeMax,
      channelMax: settings.sessions - 1,
      handleMax: settings.linksPerSession - 1,
      idleTimeoutMs: settings.idleTimeoutMs,
      saslMechanisms: this.mechanisms,
      sasl: this.mechanisms.includes('ANONYMOUS') ? 'optional' : 'required',
      offeredCapabilities: ['ANONYMOUS-RELAY'],
      properties: { product: 'Millrace' },
      ...(context.openSpool === undefined ? {} : { openSpool: context.openSpool }),
    });
    host.output.onDrain = () => this.resumeReceivers();
    context.counters.connections++;
  }

  get principal(): Principal {
    return this.known ?? ANONYMOUS;
  }

  get isAuthenticated(): boolean {
    return this.known !== undefined;
  }

  get container(): string {
    return this.engine.remote?.containerId ?? '';
  }

  // Socket

  ingest(chunk: Buffer): void {
    this.wake();
    this.engine.ingest(chunk, 0, chunk.length);
  }

  tick(nowMs: number): number {
    this.wake();
    const openBy = this.acceptedAt + this.context.settings.openTimeoutMs;
    if (this.engine.remote === undefined && nowMs >= openBy) {
      this.engine.close(connectionError('the connection was not opened in time'));
      return 0;
    }
    const next = this.engine.tick(nowMs);
    return this.engine.remote === undefined && (next === 0 || openBy < next) ? openBy : next;
  }

  closed(): void {
    this.gone = true;
    this.engine.transportClosed();
    this.context.broker.removeTemporaries(this);
  }

  close(reason: string): void {
    this.wake();
    this.engine.close(connectionError(reason));
  }

  observe(id: string): ConnectionObservation | undefined {
    const { remote } = this.engine;
    if (remote === undefined) return undefined;
    const properties: Record<string, string> = {};
    for (const [name, value] of Object.entries(remote.properties ?? {})) properties[name] = String(value);
    return {
      id,
      protocol: 'amqp',
      container: remote.containerId,
      host: this.host.remoteAddress,
      user: this.principal.name,
      encrypted: this.host.encrypted,
      openedAt: new Date(this.acceptedAt).toISOString(),
      properties,
      links: [...this.links].map(observeLink),
    };
  }

  // Turn

  wake(): void {
    if (this.scheduled || this.gone) return;
    this.host.turn.scheduleFlush(this);
    // Takes the output's place in the queue right behind: what is flushed here is then written in the same turn.
    this.output.reserve(0);
  }

  touch(link: BrokerLink): void {
    link.touched = true;
    this.touchedLinks.push(link);
    this.wake();
  }

  endOfTurn(): void {
    if (this.touchedLinks.length > 0) {
      const links = this.touchedLinks;
      this.touchedLinks = [];
      for (const link of links) {
        link.touched = false;
        link.endOfTurn();
      }
    }
    this.engine.flush();
  }

  isFull(): boolean {
    const { output } = this;
    // Summing up what waits is not for every message: only a new buffer can have made the difference.
    if (output.buffer !== this.checkedBuffer) {
      this.checkedBuffer = output.buffer;
      this.full = output.pending > this.context.settings.outputBytes;
    }
    return this.full;
  }

  private resumeReceivers(): void {
    this.full = false;
    for (const link of this.links) if (link instanceof OutgoingLink && link.isHeld) link.resume();
  }

  // Temporary queues

  createTemporary(): string {
    const name = this.context.broker.createTemporary(this);
    if (!name.startsWith('$')) throw refusalError('resource-limit-exceeded', 'temporary queues');
    this.temporaries.add(name);
    return name;
  }

  removeTemporary(name: string): void {
    this.temporaries.delete(name);
    this.context.broker.removeTemporary(name);
  }

  ownsTemporary(name: string): boolean {
    return this.temporaries.has(name);
  }

  // Authentication

  override onSaslInit(connection: Connection, init: SaslInit): void {
    const { access } = this.context;
    if (access === undefined) {
      this.known = ANONYMOUS;
      connection.saslOutcome(SaslCode.ok);
      return;
    }
    const exchange = access.authenticator.begin(init.mechanism, originOf(this.host, 'amqp'));
    if (exchange === undefined) {
      this.failSasl(SaslCode.auth);
      return;
    }
    this.dialogue = new SaslDialogue(exchange);
    this.stepSasl(this.dialogue, init.initialResponse ?? Buffer.alloc(0));
  }

  override onSaslResponse(_connection: Connection, response: Uint8Array): void {
    if (this.dialogue !== undefined) this.stepSasl(this.dialogue, response);
  }

  /** Nothing is read while it is being decided: what the client sends meanwhile waits in its socket. */
  private stepSasl(dialogue: SaslDialogue, response: Uint8Array): void {
    const { engine, host } = this;
    host.pause();
    dialogue.step(response, (answer) => {
      if (this.gone) return;
      this.wake();
      host.resume();
      switch (answer.kind) {
        case 'challenge':
          engine.saslChallenge(answer.data);
          return;
        case 'done':
          this.known = answer.principal;
          this.dialogue = undefined;
          engine.saslOutcome(SaslCode.ok, answer.data);
          return;
        case 'failed':
          this.failSasl(answer.temporary ? SaslCode.sysTemp : SaslCode.auth);
      }
    });
  }

  private failSasl(code: SaslCode): void {
    this.context.counters.authenticationsFailed++;
    this.dialogue = undefined;
    this.engine.saslOutcome(code);
  }

  override onOpen(connection: Connection, _open: Open): void {
    if (this.known !== undefined) {
      this.established();
      return;
    }
    // SASL was left out, where that is allowed.
    const { access } = this.context;
    const exchange = access?.authenticator.begin('ANONYMOUS', originOf(this.host, 'amqp'));
    if (access === undefined) {
      this.known = ANONYMOUS;
      this.established();
    } else if (exchange === undefined) {
      connection.close(new AmqpError(Condition.unauthorizedAccess, 'anonymous clients are not allowed'));
    } else {
      this.enterAnonymously(new SaslDialogue(exchange));
    }
  }

  private enterAnonymously(dialogue: SaslDialogue): void {
    this.host.pause();
    this.engine.suspend();
    dialogue.step(Buffer.alloc(0), (answer) => {
      if (this.gone) return;
      this.wake();
      this.host.resume();
      if (answer.kind === 'done') {
        this.known = answer.principal;
        this.established();
        this.engine.resume();
        return;
      }
      this.context.counters.authenticationsFailed++;
      this.engine.close(new AmqpError(Condition.unauthorizedAccess, 'anonymous clients are not allowed'));
    });
  }

  private established(): void {
    const { access, counters } = this.context;
    // The user may have been changed between the password and open.
    if (access !== undefined && !access.stillValid(this.principal)) {
      counters.revoked++;
      this.engine.close(notAllowedAnyMore());
      return;
    }
    this.host.established?.();
  }

  /** Users or rights have changed. */
  recheck(changed?: ChangedUsers): void {
    const { access, counters } = this.context;
    if (this.known === undefined || access === undefined || changed?.has(this.known) === false) return;
    this.wake();
    if (!access.stillValid(this.known)) {
      counters.revoked++;
      this.engine.close(notAllowedAnyMore());
      return;
    }
    for (const brokerLink of [...this.links]) {
      const refusal = mayKeep(this, brokerLink);
      if (refusal === undefined) continue;
      counters.revoked++;
      brokerLink.revoke(refusal);
    }
  }

  // Links

  override onAttach(link: Link): void {
    attachLink(this, link);
  }

  override onTransfer(link: ReceiverLink, delivery: IncomingDelivery): void {
    this.host.messageRate?.count();
    (link.context as BrokerLink | undefined)?.transfer(delivery);
  }

  override onFlow(link: Link): void {
    (link.context as BrokerLink | undefined)?.flow();
  }

  override onSessionFlow(session: Session): void {
    for (const link of session.links.values()) {
      const { context } = link;
      if (context instanceof OutgoingLink && context.isHeld) context.resume();
    }
  }

  override onSettled(link: SenderLink, context: unknown, state: DeliveryState | undefined): void {
    (link.context as OutgoingLink).settled(context, state);
  }

  override onDetach(link: Link, closed: boolean, _error: AmqpError | undefined): void {
    const brokerLink = link.context as BrokerLink | undefined;
    if (brokerLink === undefined || !this.links.delete(brokerLink)) return;
    brokerLink.detached(closed);
  }

  override onDisconnect(): void {
    this.engine.flush();
    this.host.end();
  }
}
