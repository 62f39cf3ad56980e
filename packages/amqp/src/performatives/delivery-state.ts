/** Delivery states (AMQP 1.0 §3.4): four outcomes that end a delivery, and `received` on the way there. */
import { decodeError } from '../amqp-error.js';
import type { Decoder } from '../codec/decoder.js';
import type { Encoder } from '../codec/encoder.js';
import type { AmqpValue, Fields } from '../codec/values.js';
import {
  type Composite,
  compositeType,
  decodeFields,
  encodeComposite,
  type FieldType,
  field,
  mandatory,
  readDescriptor,
} from './composite.js';
import { boolean, fields, string, symbol, uint, ulong } from './field-types.js';

/** The error record (§2.8.14), as it stands in detach, end, close and rejected. */
export interface ErrorRecord {
  readonly condition: string;
  readonly description?: string | undefined;
  readonly info?: Fields | undefined;
}

const ERROR: Composite<ErrorRecord> = {
  name: 'error',
  code: 0x1d,
  fields: [mandatory('condition', symbol), field('description', string), field('info', fields)],
};

export const errorRecord: FieldType<ErrorRecord> = compositeType(ERROR);

export interface Received {
  readonly kind: 'received';
  readonly sectionNumber: number;
  readonly sectionOffset: number;
}
export interface Accepted {
  readonly kind: 'accepted';
}
export interface Rejected {
  readonly kind: 'rejected';
  readonly error?: ErrorRecord | undefined;
}
export interface Released {
  readonly kind: 'released';
}
export interface Modified {
  readonly kind: 'modified';
  /** Counts as an unsuccessful attempt. Default: false. */
  readonly deliveryFailed?: boolean | undefined;
  /** Never to be sent on this link again. Default: false. */
  readonly undeliverableHere?: boolean | undefined;
  readonly messageAnnotations?: Fields | undefined;
}
/** A state that is not of §3.4: of a transaction (§4.5), or a peer's own. */
export interface UnknownState {
  readonly kind: 'unknown';
  readonly value: AmqpValue;
}

export type Outcome = Accepted | Rejected | Released | Modified;
export type DeliveryState = Outcome | Received | UnknownState;

/** Shared, so that a run of them is recognised by identity. */
export const ACCEPTED: Accepted = { kind: 'accepted' };
export const RELEASED: Released = { kind: 'released' };

const COMPOSITES: Readonly<Record<(Outcome | Received)['kind'], Composite<object>>> = {
  received: {
    name: 'received',
    code: 0x23,
    fields: [mandatory('sectionNumber', uint), mandatory('sectionOffset', ulong)],
  },
  accepted: { name: 'accepted', code: 0x24, fields: [] },
  rejected: { name: 'rejected', code: 0x25, fields: [field('error', errorRecord)] },
  released: { name: 'released', code: 0x26, fields: [] },
  modified: {
    name: 'modified',
    code: 0x27,
    fields: [
      field('deliveryFailed', boolean),
      field('undeliverableHere', boolean),
      field('messageAnnotations', fields),
    ],
  },
};

const KINDS = new Map(
  Object.entries(COMPOSITES).map(([kind, composite]) => [composite.code, { kind, composite }] as const),
);

export const deliveryState: FieldType<DeliveryState> = { read: readState, write: writeState };

function readState(decoder: Decoder): DeliveryState {
  const start = decoder.position;
  const known = KINDS.get(readDescriptor(decoder));
  if (known === undefined) {
    decoder.position = start;
    return { kind: 'unknown', value: decoder.readValue() };
  }
  const values = decodeFields(decoder, known.composite);
  if (known.kind === 'accepted') return ACCEPTED;
  if (known.kind === 'released') return RELEASED;
  return { kind: known.kind, ...values } as DeliveryState;
}

function writeState(encoder: Encoder, state: DeliveryState): void {
  if (state.kind === 'unknown') encoder.writeValue(state.value);
  else encodeComposite(encoder, COMPOSITES[state.kind], state);
}

/** A default outcome of a source: like a state, but `received` and what is unknown are not allowed there. */
export const outcome: FieldType<Outcome> = {
  read(decoder) {
    const state = readState(decoder);
    if (state.kind === 'received' || state.kind === 'unknown') throw decodeError('an outcome was expected');
    return state;
  },
  write: writeState,
};

export function isOutcome(state: DeliveryState): state is Outcome {
  return state.kind !== 'received' && state.kind !== 'unknown';
}
