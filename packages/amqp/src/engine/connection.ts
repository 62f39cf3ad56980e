/**
 * One end of an AMQP 1.0 connection (§2.4), without sockets, clocks or timers: bytes and the time come in by calls, frames
 * go to an `Output`, events to a `ConnectionHandler`. Listener and client are the same engine.
 */
import { AmqpError, Condition, framingError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { type Composite, decodeFields } from '../performatives/composite.js';
import {
  ATTACH,
  BEGIN,
  type Begin,
  CLOSE,
  DETACH,
  END,
  FLOW,
  OPEN,
  type Open,
  Performative,
  readPerformative,
} from '../performatives/performatives.js';
import { SaslCode } from '../performatives/sasl-frames.js';
import type { ConnectionHandler } from './connection-handler.js';
import { boundsOf, type ConnectionBounds, type ConnectionOptions, FRAME_SIZE_MIN } from './connection-options.js';
import { DispositionFrame } from './disposition-frame.js';
import { toAmqpError, toErrorRecord } from './error-record.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { FRAME_HEAD_SIZE, FrameType, FrameWriter, PROTOCOL_HEADER, SASL_HEADER } from './frame-writer.js';
import { IdleTimer } from './idle-timer.js';
import { IncomingDelivery } from './incoming-delivery.js';
import type { Output } from './output.js';
import { SaslClient, type SaslHost, SaslServer } from './sasl-layer.js';
import { Session } from './session.js';
import type { Spool } from './spool.js';
import { TransferFrame, TransferHead } from './transfer-frame.js';

/**
 *     header     waits for the peer's protocol header
 *     sasl       speaks SASL
 *     opening    headers are exchanged, the peer's open is waited for
 *     opened     both opened
 *     closing    we closed, the peer's close is waited for: all else is discarded
 *     closed     nothing more is read or written
 */
export type ConnectionState = 'header' | 'sasl' | 'opening' | 'opened' | 'closing' | 'closed';

export class Connection implements FrameSink {
  state: ConnectionState = 'header';
  readonly options: ConnectionBounds;
  readonly openSpool: (() => Spool) | undefined;
  readonly output: Output;
  readonly handler: ConnectionHandler;
  /** The peer's open, once it came. */
  remote: Open | undefined = undefined;
  /** Largest frame that the peer takes. */
  remoteFrameSizeMax = FRAME_SIZE_MIN;
  /** Free for whoever drives the engine. */
  context: unknown = undefined;
  /** One of each for all sessions: the hot path makes no objects. */
  readonly delivery = new IncomingDelivery();
  readonly head = new TransferHead();
  /** Bytes held for deliveries whose last transfer has not come. */
  partialBytes = 0;
  private readonly transfer = new TransferFrame();
  private readonly disposition = new DispositionFrame();
  private readonly decoder = new Decoder();
  private readonly writer: FrameWriter;
  private readonly reader: FrameReader;
  private readonly idle: IdleTimer;
  private readonly given: ConnectionOptions;
  private readonly saslServer: SaslServer | undefined;
  private readonly saslClient: SaslClient | undefined;
  private readonly sessions = new Map<number, Session>();
  /** Sessions by the peer's channel. */
  private readonly channels: (Session | undefined)[] = [];
  private dirtySessions: Session[] = [];
  private openSent = false;
  private authenticated = false;
  private closeDeadline = 0;
  private told = false;
  private suspended = false;

  constructor(options: ConnectionOptions) {
    this.given = options;
    this.options = boundsOf(options);
    this.openSpool = options.openSpool;
    this.output = options.output;
    this.handler = options.handler;
    this.reader = new FrameReader(this, this.options.frameSizeMax);
    this.idle = new IdleTimer(this.options.idleTimeoutMs);
    this.writer = new FrameWriter(this.output, this.idle);
    const host: SaslHost = {
      writeSasl: (composite, value) => this.writer.write(FrameType.sasl, 0, composite, value),
      saslInit: (init) => this.handler.onSaslInit(this, init),
      saslResponse: (response) => this.handler.onSaslResponse(this, response),
      saslDone: (code) => this.saslDone(code),
    };
    if (options.saslMechanisms !== undefined) this.saslServer = new SaslServer(host, options.saslMechanisms);
    if (options.saslClient !== undefined) this.saslClient = new SaslClient(host, options.saslClient, options.hostname);
  }

  /** Client: writes the first bytes. A listener waits. */
  start(): void {
    if (this.saslClient !== undefined) {
      this.writer.writeHeader(SASL_HEADER);
    } else {
      this.writer.writeHeader(PROTOCOL_HEADER);
      this.sendOpen();
    }
  }

  /**
   * Takes what came over the transport. Never throws for what a peer did: that ends link, session or connection, and the
   * handler is told.
   */
  ingest(buffer: Buffer, start: number, end: number): void {
    this.idle.received = true;
    try {
      this.reader.ingest(buffer, start, end);
    } catch (error) {
      this.failOrThrow(error);
    }
  }

  /**
   * Tells the time: sends what keeps the peer from giving up, and gives up on a silent peer.
   * @returns when to call again, in the same clock; 0: when something came or went
   */
  tick(nowMs: number): number {
    if (this.state === 'closed') return 0;
    if (this.state === 'closing') {
      this.closeDeadline ||= nowMs + this.options.closeTimeoutMs;
      if (nowMs < this.closeDeadline) return this.closeDeadline;
      this.disconnect();
      return 0;
    }
    switch (this.idle.tick(nowMs)) {
      case 'expired':
        this.fail(new AmqpError(Condition.resourceLimitExceeded, 'nothing came for longer than the idle time-out'));
        return 0;
      case 'send-empty-frame':
        if (this.openSent) this.writer.writeEmptyFrame();
        break;
      case 'quiet':
        break;
    }
    return this.idle.deadline();
  }

  /** Writes the dispositions and flows that have gathered: once a turn, after `ingest` and what came of it. */
  flush(): void {
    if (this.dirtySessions.length === 0) return;
    const sessions = this.dirtySessions;
    this.dirtySessions = [];
    try {
      for (const session of sessions) session.flush();
    } catch (error) {
      this.failOrThrow(error);
    }
  }

  /** Begins a session. @throws AmqpError when all channels are taken */
  beginSession(): Session {
    const session = this.createSession();
    this.writePerformative(session.channel, BEGIN, this.beginFields(session));
    return session;
  }

  /** Closes, with an error or without; sessions and links end with it. The handler's `onDisconnect` follows. */
  close(error?: AmqpError): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    if (!this.openSent) {
      this.end(error);
      this.disconnect();
      return;
    }
    this.flush();
    this.writePerformative(0, CLOSE, { error: error && toErrorRecord(error) });
    this.state = 'closing';
    this.end(error);
  }

  /** The transport is gone: all that lives on it ends. */
  transportClosed(error?: AmqpError): void {
    if (this.state === 'closed' && this.told) return;
    this.state = 'closed';
    this.end(error ?? new AmqpError(Condition.connectionForced, 'the transport was closed'));
  }

  /** Listener: answers a SASL response with a challenge. */
  saslChallenge(challenge: Uint8Array): void {
    if (this.state === 'sasl') this.saslServer?.challenge(challenge);
    this.resume();
  }

  /** Listener: says whether the client is who it says. */
  saslOutcome(code: SaslCode, additionalData?: Uint8Array): void {
    if (this.state === 'sasl') this.saslServer?.outcome(code, additionalData);
    this.resume();
  }

  /** What comes is kept until `resume`, one frame's size at most: the host stops its socket. */
  suspend(): void {
    this.suspended = true;
  }

  resume(): void {
    this.suspended = false;
    try {
      this.reader.resume();
    } catch (error) {
      this.failOrThrow(error);
    }
  }

  // FrameSink

  get expects(): 'header' | 'frame' | 'nothing' | 'closed' {
    if (this.state === 'closed') return 'closed';
    if (this.state === 'header') return 'header';
    if (this.state === 'sasl' && this.saslServer?.isDeciding === true) return 'nothing';
    return this.suspended ? 'nothing' : 'frame';
  }

  handleHeader(buffer: Buffer, start: number): void {
    const isSasl = SASL_HEADER.compare(buffer, start, start + 8) === 0;
    const isAmqp = PROTOCOL_HEADER.compare(buffer, start, start + 8) === 0;
    if (this.given.role === 'client') this.headerAnswered(isSasl, isAmqp);
    else this.headerOffered(isSasl, isAmqp);
  }

  handleFrame(buffer: Buffer, start: number, end: number): void {
    let session: Session | undefined;
    try {
      const bodyStart = start + buffer[start + 4]! * 4;
      if (bodyStart < start + FRAME_HEAD_SIZE || bodyStart > end)
        throw framingError('a data offset outside of the frame');
      if (buffer[start + 5] !== (this.state === 'sasl' ? FrameType.sasl : FrameType.amqp)) {
        throw framingError(`frames of type ${buffer[start + 5]} are not expected now`);
      }
      if (this.state === 'sasl') {
        (this.saslServer ?? this.saslClient)!.handleFrame(this.decoder.reset(buffer, bodyStart, end));
        return;
      }
      if (bodyStart === end) return;
      const channel = (buffer[start + 6]! << 8) | buffer[start + 7]!;
      session = this.channels[channel];
      this.handlePerformative(channel, session, this.decoder.reset(buffer, bodyStart, end));
    } catch (error) {
      if (error instanceof AmqpError && error.scope !== 'connection' && session !== undefined) session.fail(error);
      else this.failOrThrow(error);
    }
  }

  private handlePerformative(channel: number, session: Session | undefined, decoder: Decoder): void {
    const code = readPerformative(decoder);
    if (session !== undefined && session.state !== 'ended') {
      if (session.state !== 'ending' || code === Performative.end || code >= Performative.close) {
        this.handleInSession(code, session, decoder);
      }
      return;
    }
    switch (code) {
      case Performative.open:
        this.handleOpen(decodeFields(decoder, OPEN));
        return;
      case Performative.close:
        this.handleClose(toAmqpError(decodeFields(decoder, CLOSE).error, 'connection'));
        return;
      case Performative.begin:
        this.handleBegin(channel, decodeFields(decoder, BEGIN));
        return;
      default:
        if (this.state === 'closing') return;
        throw new AmqpError(Condition.illegalState, `performative 0x${code.toString(16)} on a channel without session`);
    }
  }

  private handleInSession(code: number, session: Session, decoder: Decoder): void {
    if (this.state === 'closing' && code !== Performative.close) return;
    switch (code) {
      case Performative.transfer:
        this.transfer.parse(decoder.buffer, decoder.position, decoder.end);
        session.handleTransfer(this.transfer, decoder.buffer, decoder.end);
        return;
      case Performative.disposition:
        this.disposition.parse(decoder.buffer, decoder.position, decoder.end);
        session.handleDisposition(this.disposition);
        return;
      case Performative.flow:
        session.handleFlow(decodeFields(decoder, FLOW));
        return;
      case Performative.attach:
        session.handleAttach(decodeFields(decoder, ATTACH));
        return;
      case Performative.detach:
        session.handleDetach(decodeFields(decoder, DETACH));
        return;
      case Performative.end:
        this.handleEnd(session, toAmqpError(decodeFields(decoder, END).error, 'session'));
        return;
      case Performative.close:
        this.handleClose(toAmqpError(decodeFields(decoder, CLOSE).error, 'connection'));
        return;
      default:
        throw new AmqpError(Condition.illegalState, `performative 0x${code.toString(16)} within a session`);
    }
  }

  // Negotiation

  private headerOffered(isSasl: boolean, isAmqp: boolean): void {
    if (isSasl && this.saslServer !== undefined && !this.authenticated) {
      this.writer.writeHeader(SASL_HEADER);
      this.state = 'sasl';
      this.saslServer.start();
      return;
    }
    const saslMissing = this.given.sasl === 'required' && !this.authenticated;
    // §2.2: a header that is not supported is answered with one that is, and the transport is closed.
    this.writer.writeHeader(saslMissing ? SASL_HEADER : PROTOCOL_HEADER);
    if (isAmqp && !saslMissing) {
      this.state = 'opening';
      return;
    }
    this.end(framingError('the protocol header is not one that is spoken here'));
    this.disconnect();
  }

  private headerAnswered(isSasl: boolean, isAmqp: boolean): void {
    if (isSasl && this.saslClient !== undefined && !this.authenticated) {
      this.state = 'sasl';
      return;
    }
    if (!isAmqp || (this.saslClient !== undefined && !this.authenticated)) {
      this.end(framingError('the peer answered with another protocol header'));
      this.disconnect();
      return;
    }
    this.state = 'opening';
  }

  private saslDone(code: number): void {
    if (code !== SaslCode.ok) {
      this.end(new AmqpError(Condition.unauthorizedAccess, `authentication failed (SASL code ${code})`));
      this.disconnect();
      return;
    }
    this.authenticated = true;
    this.state = 'header';
    if (this.given.role === 'listener') return;
    this.writer.writeHeader(PROTOCOL_HEADER);
    this.sendOpen();
  }

  private sendOpen(): void {
    const { containerId, hostname, offeredCapabilities, desiredCapabilities, properties } = this.given;
    const { frameSizeMax, channelMax, idleTimeoutMs } = this.options;
    this.openSent = true;
    this.writePerformative(0, OPEN, {
      containerId,
      hostname,
      maxFrameSize: frameSizeMax,
      channelMax,
      idleTimeOut: idleTimeoutMs > 0 ? Math.ceil(idleTimeoutMs / 2) : undefined,
      offeredCapabilities,
      desiredCapabilities,
      properties,
    });
  }

  private handleOpen(open: Open): void {
    if (this.state === 'closing') return;
    if (this.remote !== undefined) throw new AmqpError(Condition.illegalState, 'a second open');
    this.remote = open;
    const frameSizeMax = open.maxFrameSize ?? 0xffffffff;
    if (!this.openSent) this.sendOpen();
    if (frameSizeMax < FRAME_SIZE_MIN)
      throw new AmqpError(Condition.invalidField, `max-frame-size is at least ${FRAME_SIZE_MIN}`);
    this.remoteFrameSizeMax = frameSizeMax;
    this.writer.frameSizeMax = frameSizeMax;
    this.idle.remoteTimeout(open.idleTimeOut ?? 0);
    this.state = 'opened';
    this.handler.onOpen(this, open);
  }

  // Sessions

  private createSession(): Session {
    const channelMax = Math.min(this.options.channelMax, this.remote?.channelMax ?? 65_535);
    let channel = 0;
    while (this.sessions.has(channel)) channel++;
    if (channel > channelMax) throw new AmqpError(Condition.resourceLimitExceeded, 'no channel is free');
    const session = new Session(this, channel);
    this.sessions.set(channel, session);
    return session;
  }

  private handleBegin(channel: number, begin: Begin): void {
    if (this.state === 'closing') return;
    if (this.state !== 'opened') throw new AmqpError(Condition.illegalState, 'begin before open');
    if (channel > this.options.channelMax) throw framingError(`channel ${channel} is above channel-max`);
    let session: Session;
    if (begin.remoteChannel === undefined) {
      session = this.createSession();
      session.handleBegin(begin, channel);
      this.writePerformative(session.channel, BEGIN, { remoteChannel: channel, ...this.beginFields(session) });
    } else {
      const begun = this.sessions.get(begin.remoteChannel);
      if (begun === undefined || begun.remoteChannel >= 0) {
        throw new AmqpError(Condition.invalidField, `no begin on channel ${begin.remoteChannel} waits for an answer`);
      }
      session = begun;
      const ending = session.state === 'ending';
      session.handleBegin(begin, channel);
      if (ending) session.state = 'ending';
    }
    this.channels[channel] = session;
    if (session.state === 'begun') this.handler.onSessionBegin(session);
  }

  private beginFields(session: Session): Begin {
    const { nextOutgoingId, incomingWindow, outgoingWindow } = session.window;
    return { nextOutgoingId, incomingWindow, outgoingWindow, handleMax: this.options.handleMax };
  }

  private handleEnd(session: Session, error: AmqpError | undefined): void {
    const answered = session.state === 'ending';
    session.release(error);
    if (!answered) this.writePerformative(session.channel, END, {});
    session.state = 'ended';
    this.channels[session.remoteChannel] = undefined;
    this.sessions.delete(session.channel);
  }

  sessionIsDirty(session: Session): void {
    this.dirtySessions.push(session);
    this.handler.onWork(this);
  }

  // Closing

  private handleClose(error: AmqpError | undefined): void {
    if (this.state !== 'closing') {
      if (!this.openSent) this.sendOpen();
      this.flush();
      this.end(error);
      this.writePerformative(0, CLOSE, {});
    }
    this.disconnect();
  }

  /** A violation: says why, and nothing that comes after is looked at. */
  private fail(error: AmqpError): void {
    if (this.state === 'closed') return;
    if (this.state !== 'closing' && (this.openSent || this.state === 'opening')) {
      if (!this.openSent) this.sendOpen();
      this.writePerformative(0, CLOSE, { error: toErrorRecord(error) });
    } else if (!this.writer.headerSent) {
      this.writer.writeHeader(PROTOCOL_HEADER);
    }
    this.end(error);
    this.disconnect();
  }

  private failOrThrow(error: unknown): void {
    if (!(error instanceof AmqpError)) throw error;
    this.fail(error);
  }

  /** Tells the handler that all is over. */
  private end(error: AmqpError | undefined): void {
    if (this.told) return;
    this.told = true;
    for (const session of this.sessions.values()) {
      if (session.state === 'ended') continue;
      session.state = 'ended';
      session.release(error);
    }
    this.sessions.clear();
    this.channels.length = 0;
    this.dirtySessions = [];
    this.handler.onClose(this, error);
  }

  private disconnect(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.handler.onDisconnect(this);
  }

  writePerformative<T extends object>(channel: number, composite: Composite<T>, value: T): void {
    if (this.state === 'closed' || (this.state === 'closing' && composite.code !== Performative.close)) return;
    this.writer.write(FrameType.amqp, channel, composite, value);
  }

  written(): void {
    this.idle.sent = true;
  }
}
