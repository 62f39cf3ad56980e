/** Stored messages moved or deleted by their ids: each call is one transaction, in the journal as a whole or not at all. */
import { type Broker, type Delivery, type Message, Outcome, type Transaction } from '@millrace/broker';
import { type MessageMove, PlaneRefusal } from '@millrace/controller';
import { refusalOf } from './plane-refusal.js';

export function moveMessages(broker: Broker, name: string, moves: readonly MessageMove[]): Promise<number> {
  for (const target of new Set(moves.map((move) => move.target))) checkTarget(broker, name, target);
  const targets = new Map(moves.map(({ id, target }) => [id, target]));
  const picked = pick(broker, name, [...targets.keys()]);
  const outputs = picked.map(({ sequence, message }) => {
    const address = targets.get(sequence)!;
    return { address, message: movedTo(message, address) };
  });
  return commit(broker, { name, picked, outputs });
}

export function deleteMessages(broker: Broker, name: string, ids: readonly number[]): Promise<number> {
  return commit(broker, { name, picked: pick(broker, name, ids), outputs: [] });
}

/** A direct address stores nothing, and a topic without subscriptions forgets: what is moved there would be gone. */
function checkTarget(broker: Broker, name: string, target: string): void {
  if (target === name) throw new PlaneRefusal('Invalid', `${name} is where the messages are already`);
  const view = broker.address(target);
  if (view === undefined) throw new PlaneRefusal('NotFound', `there is no address ${target}`);
  const { type } = view.settings;
  if (type !== 'queue' && type !== 'topic') {
    throw new PlaneRefusal(
      'Conflict',
      `${target} is ${type} and stores nothing: messages are moved to queues and topics`,
    );
  }
  if (type === 'topic' && !broker.isHeard(target)) {
    throw new PlaneRefusal('Conflict', `nobody subscribes to ${target}: messages moved there would be gone`);
  }
}

function pick(broker: Broker, name: string, ids: readonly number[]): readonly Delivery[] {
  const picked = broker.pick(name, ids);
  if (picked === undefined) throw new PlaneRefusal('NotFound', `there is no queue ${name} to take messages from`);
  return picked;
}

/** Its content as a new message: it lives as long as its sender said, from now on. */
function movedTo(message: Message, address: string): Message {
  const moved = message.renewed();
  moved.address = address;
  moved.expiresAt = 0;
  moved.retain = false;
  return moved;
}

interface Moving {
  readonly name: string;
  readonly picked: readonly Delivery[];
  readonly outputs: Transaction['outputs'];
}

function commit(broker: Broker, { name, picked, outputs }: Moving): Promise<number> {
  if (picked.length === 0) return Promise.resolve(0);
  return new Promise((resolve, reject) => {
    broker.commit({ consumed: picked, outputs }, (refusal) => {
      if (refusal === undefined) {
        resolve(picked.length);
        return;
      }
      for (const delivery of picked) delivery.settle(Outcome.released);
      reject(refusalOf(refusal, outputs[0]?.address ?? name));
    });
  });
}
