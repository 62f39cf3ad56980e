/**
 * EnMasse's v3 address API without its transport: HTTP's `/v3/address` and AMQP's `$address` are both this. A list that
 * is put replaces the addresses that v3 made; those that came otherwise are left alone, unless the list names them.
 */
import {
  type AddressDocument,
  checkV3,
  fromV3,
  isFlavor,
  OWNER_LABEL,
  ProblemError,
  problemError,
  toV3,
  V3_FLAVORS,
  V3_OWNER,
  type V3Address,
  type V3AddressOutput,
  type V3Flavor,
} from '@millrace/contract';
import type { Authorizer, Principal, Verb } from '@millrace/security';
import { invalid } from './admission.js';
import type { Controller } from './controller.js';

export interface V3AddressListOutput {
  readonly apiVersion: 'v3';
  readonly kind: 'AddressList';
  readonly items: readonly V3AddressOutput[];
}

export interface V3FlavorOutput {
  readonly apiVersion: 'v3';
  readonly kind: 'Flavor';
  readonly metadata: { readonly name: string };
  readonly spec: V3Flavor;
}

export interface V3FlavorListOutput {
  readonly apiVersion: 'v3';
  readonly kind: 'FlavorList';
  readonly items: readonly V3FlavorOutput[];
}

export interface V3WriteOptions {
  readonly principal: Principal;
  /** Also when stored messages are lost by it. */
  readonly force: boolean;
}

export class V3Addresses {
  readonly #controller: Controller;
  readonly #authorizer: Authorizer;

  constructor(controller: Controller, authorizer: Authorizer) {
    this.#controller = controller;
    this.#authorizer = authorizer;
  }

  /** What the principal may view. */
  list(principal: Principal): V3AddressListOutput {
    const items = this.#controller
      .names('Address')
      .filter((name) => this.#authorizer.authorize(principal, 'view', name))
      .map((name) => this.#controller.get('Address', name))
      .filter((document): document is AddressDocument => document !== undefined)
      .map(toV3);
    return { apiVersion: 'v3', kind: 'AddressList', items };
  }

  get(name: string, principal: Principal): V3AddressOutput {
    this.#allow(principal, 'view', name);
    return toV3(this.#controller.require('Address', name));
  }

  /** PUT of a list: v3's own set becomes this. A single Address is a list of one. */
  async replaceAll(body: unknown, options: V3WriteOptions): Promise<V3AddressListOutput> {
    const addresses = checked(body);
    await this.#controller.replace(
      () => {
        const kept = new Set(addresses.map(({ metadata }) => metadata.name));
        const remove = this.#controller
          .stored('Address')
          .filter(({ metadata }) => metadata.labels[OWNER_LABEL] === V3_OWNER && !kept.has(metadata.name))
          .map(({ metadata }) => ({ kind: 'Address', name: metadata.name }) as const);
        for (const { name } of remove) this.#allow(options.principal, 'manage', name);
        return { put: addresses.map((address) => this.#desired(address, options)), remove };
      },
      { force: options.force },
    );
    return this.list(options.principal);
  }

  /** POST: one Address or a list; the others stay. */
  async upsert(body: unknown, options: V3WriteOptions): Promise<V3AddressListOutput> {
    const addresses = checked(body);
    await this.#controller.replace(
      () => ({ put: addresses.map((address) => this.#desired(address, options)), remove: [] }),
      { force: options.force },
    );
    return this.list(options.principal);
  }

  /** PUT of one. */
  async put(name: string, body: unknown, options: V3WriteOptions): Promise<V3AddressOutput> {
    const addresses = checked(body);
    const address = addresses[0];
    if (addresses.length !== 1 || address === undefined || address.metadata.name !== name) {
      const detail = `the path names ${name}; the body must be one Address of that name`;
      throw problemError('invalid-document', detail, [{ pointer: '/metadata/name', code: 'name', detail }]);
    }
    await this.#controller.replace(() => ({ put: [this.#desired(address, options)], remove: [] }), {
      force: options.force,
    });
    return this.get(name, options.principal);
  }

  /** As with EnMasse, an unknown name is well: it is not there afterwards. */
  async delete(name: string, options: V3WriteOptions): Promise<V3AddressListOutput> {
    this.#allow(options.principal, 'manage', name);
    await this.#controller.replace(
      () => {
        const exists = this.#controller.get('Address', name) !== undefined;
        return { put: [], remove: exists ? [{ kind: 'Address', name }] : [] };
      },
      { force: options.force },
    );
    return this.list(options.principal);
  }

  flavors(): V3FlavorListOutput {
    const items = Object.keys(V3_FLAVORS).map((name) => this.flavor(name));
    return { apiVersion: 'v3', kind: 'FlavorList', items };
  }

  flavor(name: string): V3FlavorOutput {
    if (!isFlavor(name)) {
      throw problemError('not-found', `there is no flavor ${name}; there are ${Object.keys(V3_FLAVORS).join(', ')}`);
    }
    return { apiVersion: 'v3', kind: 'Flavor', metadata: { name }, spec: V3_FLAVORS[name] };
  }

  #desired(address: V3Address, { principal }: V3WriteOptions) {
    const { name } = address.metadata;
    this.#allow(principal, 'manage', name);
    return fromV3(address, this.#controller.get('Address', name));
  }

  #allow(principal: Principal, verb: Verb, name: string): void {
    if (this.#authorizer.authorize(principal, verb, name)) return;
    throw problemError('not-allowed', `${principal.name} may not ${verb} ${name}`);
  }
}

function checked(body: unknown): readonly V3Address[] {
  const result = checkV3(body);
  if (!result.ok) throw new ProblemError(invalid('the body', result.details));
  return result.value;
}
