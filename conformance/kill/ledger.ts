/**
 * What clients know of their messages, kept outside the server: what was sent and accepted, what came, when, and in which
 * life of which client. A body begins with `producer|sequence|`.
 */

export interface Sent {
  /** Milliseconds since 1970, as all times here. */
  readonly at: number;
  acceptedAt: number | undefined;
  /** The condition, when the server refused it. */
  refused: string | undefined;
  /** How often its client wrote it: MQTT clients repeat what was not acknowledged when the connection was lost. */
  writes: number;
}

export class ProducerLedger {
  readonly sent = new Map<number, Sent>();
  readonly name: string;
  /** Messages accepted so far: whether a client went on is seen by it. */
  accepted = 0;
  /** Refused messages by condition. */
  readonly refusals = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  wrote(sequence: number, at: number): void {
    const known = this.sent.get(sequence);
    if (known === undefined) this.sent.set(sequence, { at, acceptedAt: undefined, refused: undefined, writes: 1 });
    else known.writes += 1;
  }

  accept(sequence: number, at: number): void {
    const sent = this.sent.get(sequence);
    if (sent === undefined) throw new Error(`${this.name}: accepted ${sequence}, which was not sent`);
    if (sent.acceptedAt !== undefined) return;
    sent.acceptedAt = at;
    this.accepted += 1;
  }

  refuse(sequence: number, condition: string): void {
    const sent = this.sent.get(sequence);
    if (sent === undefined) return;
    sent.refused = condition;
    this.refusals.set(condition, (this.refusals.get(condition) ?? 0) + 1);
  }
}

export interface Reception {
  readonly producer: string;
  readonly sequence: number;
  readonly at: number;
  /** When the receiver sent its settlement; undefined while it has not. */
  settledAt: number | undefined;
  /** Connections of this receiver before this one. */
  readonly life: number;
  /** Whether the server said that it may have been delivered before: delivery-count over AMQP. Undefined: not known. */
  readonly again: boolean | undefined;
}

export interface ReceptionFacts {
  readonly at: number;
  readonly settledAt?: number;
  readonly again?: boolean;
}

export class ReceiverLedger {
  readonly name: string;
  readonly receptions: Reception[] = [];
  /** Bodies that no producer of these suites writes. */
  readonly strange: string[] = [];
  /** When its client went away by itself: what it settled just before may come again. */
  readonly leftAt: number[] = [];
  life = 0;
  connected = false;
  private unsettledFrom = 0;

  constructor(name: string) {
    this.name = name;
  }

  receive(body: string, { at, settledAt, again }: ReceptionFacts): void {
    const [producer, sequence] = body.split('|', 2);
    if (producer === undefined || sequence === undefined || !/^\d+$/.test(sequence)) this.strange.push(body);
    else this.receptions.push({ producer, sequence: Number(sequence), at, settledAt, life: this.life, again });
  }

  settle(at: number): void {
    for (let index = this.unsettledFrom; index < this.receptions.length; index += 1) {
      const reception = this.receptions[index]!;
      if (reception.life === this.life) reception.settledAt = at;
    }
    this.unsettledFrom = this.receptions.length;
  }

  disconnect(): void {
    this.life += 1;
    this.connected = false;
    this.unsettledFrom = this.receptions.length;
  }
}
