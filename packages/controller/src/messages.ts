/** What may be done with the messages of an address, with the plane's refusals as problems. */
import { randomUUID } from 'node:crypto';
import { problemError } from '@millrace/contract';
import type { Controller } from './controller.js';
import { MessageTransfer, type TransferOptions } from './message-transfer.js';
import { type Operation, Operations } from './operations.js';
import { callPlane, type PlanePatience } from './plane-call.js';
import type { MessageToSend, ReadableMessage } from './ports/messaging-plane.js';
import { SYSTEM_TIMERS } from './timers.js';

export class AddressMessages {
  readonly operations: Operations;
  readonly #controller: Controller;
  readonly #patience: PlanePatience;

  /** @param patience Default: 10 s. */
  constructor(controller: Controller, patience: PlanePatience = { timers: SYSTEM_TIMERS, timeoutMs: 10_000 }) {
    this.#controller = controller;
    this.#patience = patience;
    this.operations = new Operations({ timers: patience.timers, newId: randomUUID });
  }

  browse(
    name: string,
    options: { readonly limit: number; readonly after: number },
  ): Promise<readonly ReadableMessage[]> {
    return this.#call(`browse ${name}`, name, () => this.#controller.messaging.browse(name, options));
  }

  /** Resolves when the message was accepted. */
  send(name: string, message: MessageToSend): Promise<void> {
    return this.#call(`send to ${name}`, name, () => this.#controller.messaging.send(name, message));
  }

  /** @returns how many messages were deleted */
  purge(name: string): Promise<number> {
    return this.#call(`purge ${name}`, name, () => this.#controller.messaging.purge(name));
  }

  /** Id of the message that was stored last; undefined: nothing was, or it is no queue. */
  lastId(name: string): number | undefined {
    return this.#controller.messaging.lastMessageId(name);
  }

  /** @throws ProblemError not-found */
  async one(name: string, id: number): Promise<ReadableMessage> {
    const [found] = id < 1 ? [] : await this.browse(name, { limit: 1, after: id - 1 });
    if (found?.id !== id) throw problemError('not-found', `there is no message ${id} on ${name}`);
    return found;
  }

  /** @throws ProblemError conflict while a receiver holds it */
  async delete(name: string, id: number): Promise<void> {
    await this.one(name, id);
    const deleted = await this.#call(`delete message ${id} of ${name}`, name, () =>
      this.#controller.messaging.deleteMessages(name, [id]),
    );
    if (deleted === 0) {
      throw problemError('conflict', `a receiver holds message ${id} of ${name}: it decides what becomes of it`);
    }
  }

  /** Moves messages on and on. @throws ProblemError when it cannot begin */
  transfer(name: string, options: TransferOptions): Operation {
    this.#requireKnown(name);
    const { messaging } = this.#controller;
    if (messaging.lastMessageId(name) === undefined) {
      throw problemError('conflict', `${name} is no queue: only queues have messages that could be moved`);
    }
    if (options.target !== undefined) {
      if (options.target === name) throw problemError('conflict', `${name} is where the messages are already`);
      this.#controller.require('Address', options.target);
    }
    const total = Math.min(messaging.observeAddress(name)?.stored ?? 0, options.limit);
    const kind = options.target === undefined ? 'redrive' : 'move';
    const transfer = new MessageTransfer(messaging, this.#patience.timers, name, options);
    return this.operations.start({ kind, address: name, total }, (progress) => transfer.run(progress));
  }

  async #call<T>(what: string, name: string, call: () => Promise<T>): Promise<T> {
    this.#requireKnown(name);
    return callPlane(what, call, this.#patience);
  }

  /** What the plane has may be without a document: it makes the queue of dead letters by itself. @throws ProblemError */
  #requireKnown(name: string): void {
    if (this.#controller.messaging.observeAddress(name) === undefined) this.#controller.require('Address', name);
  }
}
