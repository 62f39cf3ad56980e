/** What may be done with the messages of an address, with the plane's refusals as problems. */
import type { Controller } from './controller.js';
import { callPlane, type PlanePatience } from './plane-call.js';
import type { MessageToSend, ReadableMessage } from './ports/messaging-plane.js';
import { SYSTEM_TIMERS } from './timers.js';

export class AddressMessages {
  readonly #controller: Controller;
  readonly #patience: PlanePatience;

  /** @param patience Default: 10 s. */
  constructor(controller: Controller, patience: PlanePatience = { timers: SYSTEM_TIMERS, timeoutMs: 10_000 }) {
    this.#controller = controller;
    this.#patience = patience;
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

  async #call<T>(what: string, name: string, call: () => Promise<T>): Promise<T> {
    this.#controller.require('Address', name);
    return callPlane(what, call, this.#patience);
  }
}
