/**
 * The AMQP peer of the benchmark: queues in memory, served by rhea, with nothing that would slow it down needlessly.
 * Credit of 1,000 a sender, outcomes as rhea gives them, messages handed on as rhea decoded them, competing receivers in
 * turn. It does not redeliver, bound, expire or store anything: it shows what a plain server on rhea can do.
 *
 * usage: node rhea-broker.mjs PORT
 */
import rhea from 'rhea';

const port = Number(process.argv[2] ?? 5673);
const container = rhea.create_container({ id: 'rhea-broker' });
/** @type {Map<string, Queue>} */
const queues = new Map();

class Queue {
  waiting = [];
  /** First message in `waiting` that is not handed out; the array is cut now and then, so taking one is cheap. */
  head = 0;
  receivers = [];
  turn = 0;

  push(message) {
    this.waiting.push(message);
    this.dispatch();
  }

  dispatch() {
    while (this.head < this.waiting.length) {
      const receiver = this.nextWithCredit();
      if (receiver === undefined) break;
      receiver.send(this.waiting[this.head]);
      this.waiting[this.head] = undefined;
      this.head += 1;
    }
    if (this.head === this.waiting.length) {
      this.waiting.length = 0;
      this.head = 0;
    } else if (this.head > 10_000) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
  }

  nextWithCredit() {
    for (let tried = 0; tried < this.receivers.length; tried += 1) {
      const receiver = this.receivers[this.turn % this.receivers.length];
      this.turn += 1;
      if (receiver.sendable()) return receiver;
    }
    return undefined;
  }
}

function queueNamed(name) {
  let queue = queues.get(name);
  if (queue === undefined) {
    queue = new Queue();
    queues.set(name, queue);
  }
  return queue;
}

container.on('receiver_open', ({ receiver }) => {
  receiver.set_target({ address: receiver.target.address });
  receiver.queue = queueNamed(receiver.target.address);
});
container.on('sender_open', ({ sender }) => {
  sender.set_source({ address: sender.source.address });
  sender.queue = queueNamed(sender.source.address);
  sender.queue.receivers.push(sender);
});
container.on('message', ({ receiver, message }) => receiver.queue.push(message));
container.on('sendable', ({ sender }) => sender.queue?.dispatch());
for (const event of ['sender_close', 'connection_close', 'disconnected']) {
  container.on(event, () => {
    for (const queue of queues.values()) queue.receivers = queue.receivers.filter((receiver) => receiver.is_open());
  });
}
container.on('error', (error) => console.error(error.message));

const server = container.listen({
  host: '127.0.0.1',
  port,
  receiver_options: { credit_window: 1000, autoaccept: true },
});
server.on('listening', () => console.error(`rhea-broker ready ${server.address().port}`));
