/**
 * EnMasse's v3 address documents, and how they and ours say the same thing. The semantics are the two flags; the flavor
 * says how it is stored, and may not contradict them. What a flavor adds is kept in labels, so that a document comes
 * back as it was sent.
 */
import { z } from 'zod';
import { type AddressSpec, type AddressSpecInput, type AddressType, API_VERSION, addressSpec } from './documents.js';
import { type AddressDocument, type DesiredAddress, type Labels, OWNER_LABEL } from './envelope.js';
import { ADDRESS_NAME_SCHEMA, addressNameFault } from './names.js';
import { type ProblemDetail, pointerOf } from './problem.js';
import { type Checked, checkValue } from './validation.js';

export const V3_VERSION = 'v3';
export const V3_OWNER = 'v3';
export const V3_ITEMS_MAX = 100_000;
const FLAVOR_LABEL = 'millrace.dev/v3-flavor';
const UUID_LABEL = 'millrace.dev/v3-uuid';
const GROUP_LABEL = 'millrace.dev/v3-group';

export interface V3Flavor {
  readonly type: 'queue' | 'topic';
  readonly description: string;
}

/** In EnMasse's order. */
export const V3_FLAVORS = {
  'vanilla-queue': {
    type: 'queue',
    description: 'A queue; a message survives a restart when its sender marked it durable',
  },
  'small-persisted-queue': { type: 'queue', description: 'A queue that makes each message durable, up to 1 GiB' },
  'large-persisted-queue': { type: 'queue', description: 'A queue that makes each message durable, up to 10 GiB' },
  'vanilla-topic': {
    type: 'topic',
    description: 'A topic; a message survives a restart when its sender marked it durable',
  },
  'small-persisted-topic': { type: 'topic', description: 'A topic that makes each message durable, up to 1 GiB' },
  'large-persisted-topic': { type: 'topic', description: 'A topic that makes each message durable, up to 10 GiB' },
} as const satisfies Readonly<Record<string, V3Flavor>>;

export type V3FlavorName = keyof typeof V3_FLAVORS;
export const V3_FLAVOR_NAMES = Object.keys(V3_FLAVORS) as readonly V3FlavorName[];

const v3Name = z
  .string()
  .meta(ADDRESS_NAME_SCHEMA)
  .superRefine((name, context) => {
    const message = addressNameFault(name);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: name, params: { code: 'name' } });
  });

export const v3Address = z
  .strictObject({
    apiVersion: z.literal(V3_VERSION),
    kind: z.literal('Address'),
    metadata: z.strictObject({ name: v3Name, uuid: z.string().max(200).nullish() }),
    spec: z.strictObject({
      store_and_forward: z.boolean(),
      multicast: z.boolean(),
      flavor: z.enum(V3_FLAVOR_NAMES).nullish(),
      group: z.string().max(200).nullish(),
      group_id: z.string().max(200).nullish(),
    }),
    /** Sent back by clients that read before they write; not looked at. */
    status: z.unknown().optional(),
  })
  .superRefine((address, context) => {
    const message = flavorFault(address.spec);
    if (message === undefined) return;
    context.addIssue({
      code: 'custom',
      message,
      path: ['spec', 'flavor'],
      input: address.spec.flavor,
      params: { code: 'flavor' },
    });
  });

export const v3AddressList = z
  .strictObject({
    apiVersion: z.literal(V3_VERSION),
    kind: z.literal('AddressList'),
    items: z.array(v3Address).max(V3_ITEMS_MAX),
  })
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const [index, item] of list.items.entries()) {
      const { name } = item.metadata;
      if (seen.has(name)) {
        const path = ['items', index, 'metadata', 'name'];
        context.addIssue({
          code: 'custom',
          message: `${name} is in the list twice`,
          path,
          input: name,
          params: { code: 'duplicate' },
        });
      }
      seen.add(name);
    }
  });

export type V3Address = z.infer<typeof v3Address>;
export type V3AddressList = z.infer<typeof v3AddressList>;
type V3Spec = V3Address['spec'];

export interface V3Status {
  readonly ready: boolean;
  readonly conditions: AddressDocument['status']['conditions'];
}

/** An Address as the server answers it. */
export interface V3AddressOutput {
  readonly apiVersion: typeof V3_VERSION;
  readonly kind: 'Address';
  readonly metadata: { readonly name: string; readonly uuid: string };
  readonly spec: {
    readonly store_and_forward: boolean;
    readonly multicast: boolean;
    readonly flavor?: string;
    readonly group?: string;
  };
  readonly status: V3Status;
}

/** Checks an Address or an AddressList. */
export function checkV3(value: unknown): Checked<readonly V3Address[]> {
  const kind = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).kind : undefined;
  if (kind === 'AddressList') {
    const checked = checkValue(v3AddressList, value);
    return checked.ok ? { ok: true, value: checked.value.items } : checked;
  }
  if (kind === 'Address') {
    const checked = checkValue(v3Address, value);
    return checked.ok ? { ok: true, value: [checked.value] } : checked;
  }
  const detail: ProblemDetail = {
    pointer: pointerOf(['kind']),
    code: kind === undefined ? 'required' : 'value',
    detail: `kind is ${kind === undefined ? 'missing' : JSON.stringify(kind)}; right is Address or AddressList`,
    allowed: ['Address', 'AddressList'],
  };
  return { ok: false, details: [detail] };
}

export function typeOfV3(spec: Pick<V3Spec, 'store_and_forward' | 'multicast'>): AddressType {
  if (spec.store_and_forward) return spec.multicast ? 'topic' : 'queue';
  return spec.multicast ? 'multicast' : 'anycast';
}

/**
 * @param present what stands at that name now: a v3 document says nothing of limits, schema and the like, so these
 * stay; so does who owns it
 */
export function fromV3(address: V3Address, present?: Pick<DesiredAddress, 'metadata' | 'spec'>): DesiredAddress {
  const type = typeOfV3(address.spec);
  const labels: Record<string, string> =
    present === undefined ? { [OWNER_LABEL]: V3_OWNER } : { ...present.metadata.labels };
  const flavor = address.spec.flavor ?? undefined;
  const flavorIsNew = flavor !== undefined && labels[FLAVOR_LABEL] !== flavor;
  setLabel(labels, FLAVOR_LABEL, flavor);
  setLabel(labels, UUID_LABEL, address.metadata.uuid ?? labels[UUID_LABEL]);
  setLabel(labels, GROUP_LABEL, address.spec.group ?? address.spec.group_id ?? undefined);
  const { deduplication, ...before } = present?.spec ?? addressSpec.parse({ type });
  const spec: AddressSpec = {
    ...before,
    // A direct address has no use for it.
    ...(deduplication !== undefined && (type === 'queue' || type === 'topic') ? { deduplication } : {}),
    type,
    ...(flavorIsNew ? flavorSpec(flavor, type, present?.spec) : {}),
  };
  return { apiVersion: API_VERSION, kind: 'Address', metadata: { name: address.metadata.name, labels }, spec };
}

export function toV3(document: AddressDocument): V3AddressOutput {
  const { type } = document.spec;
  const { labels } = document.metadata;
  const stored = type === 'queue' || type === 'topic';
  const flavor = flavorOf(labels, type);
  const group = labels[GROUP_LABEL];
  const ready = document.status.conditions.some(({ type: name, status }) => name === 'Ready' && status === 'True');
  return {
    apiVersion: V3_VERSION,
    kind: 'Address',
    metadata: { name: document.metadata.name, uuid: labels[UUID_LABEL] ?? document.metadata.uid },
    spec: {
      store_and_forward: stored,
      multicast: type === 'topic' || type === 'multicast',
      ...(flavor === undefined ? {} : { flavor }),
      ...(group === undefined ? {} : { group }),
    },
    status: { ready, conditions: document.status.conditions },
  };
}

/** A label may be older than a change of type made over /v1: then the semantics are believed. */
function flavorOf(labels: Labels, type: AddressType): string | undefined {
  const noted = labels[FLAVOR_LABEL];
  const spec = {
    store_and_forward: type === 'queue' || type === 'topic',
    multicast: type === 'topic' || type === 'multicast',
  };
  if (noted !== undefined && isFlavor(noted) && flavorFault({ ...spec, flavor: noted }) === undefined) return noted;
  return type === 'queue' || type === 'topic' ? `vanilla-${type}` : undefined;
}

export function isFlavor(name: string): name is V3FlavorName {
  return Object.hasOwn(V3_FLAVORS, name);
}

function flavorFault(spec: Pick<V3Spec, 'store_and_forward' | 'multicast' | 'flavor'>): string | undefined {
  const { flavor } = spec;
  if (flavor === undefined || flavor === null) return undefined;
  const cast = spec.multicast ? 'topic' : 'queue';
  if (V3_FLAVORS[flavor].type !== cast) {
    return `flavor ${flavor} is for ${spec.multicast ? 'multicast: false' : 'multicast: true'}; right is one of ${flavorsFor(spec).join(', ')}`;
  }
  if (!spec.store_and_forward && !flavor.startsWith('vanilla-')) {
    return `flavor ${flavor} stores messages, which store_and_forward: false does not; right is vanilla-${cast}, or none`;
  }
  return undefined;
}

function flavorsFor(spec: Pick<V3Spec, 'store_and_forward' | 'multicast'>): readonly string[] {
  const cast = spec.multicast ? 'topic' : 'queue';
  return V3_FLAVOR_NAMES.filter(
    (name) => name.endsWith(cast) && (spec.store_and_forward || name.startsWith('vanilla-')),
  );
}

function flavorSpec(
  flavor: V3FlavorName,
  type: AddressType,
  present: AddressSpec | undefined,
): Partial<AddressSpecInput & AddressSpec> {
  const limits = present?.limits ?? addressSpec.parse({ type }).limits;
  if (flavor.startsWith('small-persisted-')) return { durability: 'always', limits: { ...limits, bytes: 1024 ** 3 } };
  if (flavor.startsWith('large-persisted-'))
    return { durability: 'always', limits: { ...limits, bytes: 10 * 1024 ** 3 } };
  return { durability: 'message' };
}

function setLabel(labels: Record<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) delete labels[key];
  else labels[key] = value;
}
