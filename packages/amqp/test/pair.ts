/** Two engines wired to each other in memory, each with a handler that remembers what it heard. */
import {
  type AmqpError,
  Connection,
  ConnectionHandler,
  type ConnectionOptions,
  type DeliveryState,
  GrowingOutput,
  type IncomingDelivery,
  type Link,
  type Open,
  type ReceiverLink,
  SaslCode,
  type SaslInit,
  type SenderLink,
  type Session,
} from '../src/index.js';

export class RecordingHandler extends ConnectionHandler {
  readonly events: string[] = [];
  readonly links: Link[] = [];
  readonly sessions: Session[] = [];
  readonly messages: Buffer[] = [];
  readonly deliveryIds: number[] = [];
  readonly outcomes: { context: unknown; state: DeliveryState | undefined; settled: boolean }[] = [];
  attachPolicy: (link: Link) => void = (link) => {
    link.accept({ source: link.remote?.source, target: link.remote?.target });
  };

  override onSaslInit(connection: Connection, init: SaslInit): void {
    this.events.push(`sasl ${init.mechanism}`);
    connection.saslOutcome(SaslCode.ok);
  }
  override onOpen(_connection: Connection, open: Open): void {
    this.events.push(`open ${open.containerId}`);
  }
  override onSessionBegin(session: Session): void {
    this.events.push('begin');
    this.sessions.push(session);
  }
  override onAttach(link: Link): void {
    this.events.push(`attach ${link.name}`);
    this.links.push(link);
    if (link.state === 'offered') this.attachPolicy(link);
  }
  override onTransfer(_link: ReceiverLink, delivery: IncomingDelivery): void {
    this.messages.push(Buffer.from(delivery.buffer.subarray(delivery.start, delivery.end)));
    this.deliveryIds.push(delivery.deliveryId);
  }
  override onFlow(link: Link): void {
    this.events.push(`flow ${link.name} ${link.credit}${link.drain ? ' drain' : ''}`);
  }
  override onSettled(_link: SenderLink, context: unknown, state: DeliveryState | undefined, settled: boolean): void {
    this.outcomes.push({ context, state, settled });
  }
  override onSenderSettled(_link: ReceiverLink, deliveryId: number): void {
    this.events.push(`sender settled ${deliveryId}`);
  }
  override onDetach(link: Link, closed: boolean, error: AmqpError | undefined): void {
    this.events.push(
      `detach ${link.name}${closed ? ' closed' : ''}${error === undefined ? '' : ` ${error.condition}`}`,
    );
  }
  override onEnd(_session: Session, error: AmqpError | undefined): void {
    this.events.push(`end${error === undefined ? '' : ` ${error.condition}`}`);
  }
  override onClose(_connection: Connection, error: AmqpError | undefined): void {
    this.events.push(`close${error === undefined ? '' : ` ${error.condition}`}`);
  }
  override onDisconnect(): void {
    this.events.push('disconnect');
  }
}

export interface End {
  readonly connection: Connection;
  readonly handler: RecordingHandler;
  readonly output: GrowingOutput;
}

export function createEnd(role: 'listener' | 'client', options: Partial<ConnectionOptions> = {}): End {
  const handler = new RecordingHandler();
  const output = new GrowingOutput();
  const connection = new Connection({ role, containerId: role, output, handler, ...options });
  return { connection, handler, output };
}

export class Pair {
  readonly client: End;
  readonly listener: End;
  /** Largest piece that is handed over at once. */
  pieceSize = Number.POSITIVE_INFINITY;

  constructor(clientOptions: Partial<ConnectionOptions> = {}, listenerOptions: Partial<ConnectionOptions> = {}) {
    this.client = createEnd('client', clientOptions);
    this.listener = createEnd('listener', listenerOptions);
    this.client.connection.start();
    this.run();
  }

  /** Carries bytes both ways until neither end has more to say. */
  run(): void {
    for (let moved = 1; moved > 0; )
      moved = this.carry(this.client, this.listener) + this.carry(this.listener, this.client);
  }

  private carry(from: End, to: End): number {
    from.connection.flush();
    const bytes = from.output.take();
    for (let start = 0; start < bytes.length; start += this.pieceSize) {
      // A copy each time, overwritten afterwards: who keeps a view of the read buffer is found out.
      const piece = Buffer.from(bytes.subarray(start, start + this.pieceSize));
      to.connection.ingest(piece, 0, piece.length);
      piece.fill(0xee);
    }
    return bytes.length;
  }

  /** A session, and a link from the client's side with its other end. */
  link(
    role: 'sender' | 'receiver',
    options: Parameters<Session['attach']>[2] = {},
  ): { near: Link; far: Link; session: Session } {
    const session = this.client.connection.beginSession();
    const near = session.attach(role, `link-${this.client.handler.links.length}`, {
      source: { address: 'q' },
      target: { address: 'q' },
      ...options,
    });
    this.run();
    return { near, far: this.listener.handler.links.at(-1)!, session };
  }
}
