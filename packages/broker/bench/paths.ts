/**
 * Cost of one message on the broker's ways, without protocols: `npx tsx --conditions=source packages/broker/bench/paths.ts`.
 * Prints the median of the rounds in µs, and the load of the machine, without which the figures say little.
 */
import { loadavg } from 'node:os';
import { MemoryJournal } from '@millrace/journal';
import {
  type AddressSettingsInput,
  Broker,
  type Consumer,
  type Delivery,
  Message,
  Outcome,
  type Sender,
} from '../src/index.js';

const MESSAGES_A_TURN = 500;
const TURNS = 2000;
const ROUNDS = 7;

const sender: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

class Taker implements Consumer {
  taken = 0;
  bytes = 0;
  private readonly explicit: boolean;
  private readonly open: Delivery[] = [];

  constructor(options: { readonly explicit: boolean }) {
    this.explicit = options.explicit;
  }

  capacity(): number {
    return 1000;
  }

  deliver(message: Message, delivery: Delivery | undefined): void {
    this.taken++;
    this.bytes += message.end - message.start;
    if (this.explicit) this.open.push(delivery!);
  }

  closed(): void {}

  settle(): void {
    const { open } = this;
    for (let i = 0; i < open.length; i++) open[i]!.settle(Outcome.accepted);
    open.length = 0;
  }
}

interface Path {
  readonly name: string;
  readonly settings: AddressSettingsInput;
  readonly explicit: boolean;
  readonly durable: boolean;
  readonly consumers: number;
}

const paths: readonly Path[] = [
  {
    name: 'topic, one pre-settled subscriber',
    settings: { type: 'topic' },
    explicit: false,
    durable: false,
    consumers: 1,
  },
  {
    name: 'topic, 50 pre-settled subscribers',
    settings: { type: 'topic' },
    explicit: false,
    durable: false,
    consumers: 50,
  },
  {
    name: 'topic, one subscriber that settles',
    settings: { type: 'topic' },
    explicit: true,
    durable: false,
    consumers: 1,
  },
  { name: 'queue, pre-settled', settings: { type: 'queue' }, explicit: false, durable: false, consumers: 1 },
  { name: 'queue, send + deliver + settle', settings: { type: 'queue' }, explicit: true, durable: false, consumers: 1 },
  { name: 'queue, durable, the same', settings: { type: 'queue' }, explicit: true, durable: true, consumers: 1 },
  { name: 'queue, durable, 4 consumers', settings: { type: 'queue' }, explicit: true, durable: true, consumers: 4 },
  { name: 'anycast', settings: { type: 'anycast' }, explicit: true, durable: false, consumers: 1 },
];

function measure(path: Path): number {
  let scheduled = false;
  const broker = new Broker({
    journal: new MemoryJournal(),
    now: Date.now,
    scheduleCommit: () => {
      scheduled = true;
    },
  });
  broker.declare('a', path.settings);
  const takers = Array.from({ length: path.consumers }, () => new Taker({ explicit: path.explicit }));
  for (const taker of takers) broker.subscribe('a', taker, { settles: path.explicit ? 'explicit' : 'on-delivery' });
  const producer = broker.openProducer('a', sender);
  if (typeof producer === 'string') throw new Error(producer);
  const message = new Message();
  const bytes = Buffer.alloc(100);
  const begin = process.hrtime.bigint();
  for (let turn = 0; turn < TURNS; turn++) {
    for (let i = 0; i < MESSAGES_A_TURN; i++) {
      message.reuse();
      message.bytes = bytes;
      message.end = 100;
      message.address = 'a';
      message.durable = path.durable;
      message.expiresAt = 0;
      // As the listeners do: a full address is not sent to.
      if (producer.capacity() === 0) throw new Error(`${path.name}: full`);
      producer.send(message, i);
    }
    if (path.explicit) for (const taker of takers) taker.settle();
    if (scheduled) {
      scheduled = false;
      broker.commitPending();
    }
  }
  const ns = Number(process.hrtime.bigint() - begin);
  const taken = takers.reduce((sum, taker) => sum + taker.taken, 0);
  const expected = TURNS * MESSAGES_A_TURN * (path.settings.type === 'topic' ? path.consumers : 1);
  if (taken !== expected) throw new Error(`${path.name}: ${taken} of ${expected} arrived`);
  return ns / 1000 / (TURNS * MESSAGES_A_TURN);
}

const wanted = process.argv[2];
const chosen = paths.filter((path) => wanted === undefined || path.name.includes(wanted));
const results = new Map<Path, number[]>(chosen.map((path) => [path, []]));
for (let round = 0; round < ROUNDS; round++) for (const path of chosen) results.get(path)!.push(measure(path));
console.log(`load ${loadavg()[0]!.toFixed(2)}, Node ${process.version}, 100-byte messages, ${MESSAGES_A_TURN} a turn`);
for (const [path, times] of results) {
  times.sort((a, b) => a - b);
  console.log(
    `${path.name.padEnd(40)} ${times[ROUNDS >> 1]!.toFixed(3)} µs  (${times[0]!.toFixed(3)} … ${times.at(-1)!.toFixed(3)})`,
  );
}
