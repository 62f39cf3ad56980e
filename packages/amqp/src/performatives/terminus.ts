/** Source and target of a link (AMQP 1.0 §3.5.3, §3.5.4), and the coordinator that stands in a target's place (§4.5.1). */
import { decodeError } from '../amqp-error.js';
import type { AmqpValue, Fields } from '../codec/values.js';
import { type Composite, decodeFields, encodeComposite, type FieldType, field, readDescriptor } from './composite.js';
import { type Outcome, outcome } from './delivery-state.js';
import { anything, boolean, fields, symbol, symbols, uint } from './field-types.js';

/** What of a terminus outlives the link: nothing, its configuration, or that and its unsettled state (§3.5.5). */
export const TerminusDurability = { none: 0, configuration: 1, unsettledState: 2 } as const;

export interface Source {
  readonly address?: AmqpValue;
  /** Default: none. */
  readonly durable?: number | undefined;
  /** `link-detach`, `session-end`, `connection-close` or `never`. Default: session-end. */
  readonly expiryPolicy?: string | undefined;
  /** Seconds. Default: 0. */
  readonly timeout?: number | undefined;
  /** Default: false. */
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: Fields | undefined;
  /** `move` or `copy`. */
  readonly distributionMode?: string | undefined;
  readonly filter?: Fields | undefined;
  readonly defaultOutcome?: Outcome | undefined;
  readonly outcomes?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

export interface Target {
  /** Absent: the anonymous terminus, messages go where their `to` says. */
  readonly address?: AmqpValue;
  readonly durable?: number | undefined;
  readonly expiryPolicy?: string | undefined;
  readonly timeout?: number | undefined;
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: Fields | undefined;
  readonly capabilities?: readonly string[] | undefined;
  /** True: a transaction coordinator, which has capabilities only. */
  readonly coordinator?: boolean | undefined;
}

const COMMON = [
  field('address', anything),
  field('durable', uint),
  field('expiryPolicy', symbol),
  field('timeout', uint),
  field('dynamic', boolean),
  field('dynamicNodeProperties', fields),
];

const SOURCE: Composite<Source> = {
  name: 'source',
  code: 0x28,
  fields: [
    ...COMMON,
    field('distributionMode', symbol),
    field('filter', fields),
    field('defaultOutcome', outcome),
    field('outcomes', symbols),
    field('capabilities', symbols),
  ],
};

const TARGET: Composite<Target> = { name: 'target', code: 0x29, fields: [...COMMON, field('capabilities', symbols)] };

const COORDINATOR: Composite<Target> = { name: 'coordinator', code: 0x30, fields: [field('capabilities', symbols)] };

export const source: FieldType<Source> = {
  read(decoder) {
    if (readDescriptor(decoder) !== SOURCE.code) throw decodeError('a source was expected');
    return decodeFields(decoder, SOURCE);
  },
  write: (encoder, value) => encodeComposite(encoder, SOURCE, value),
};

export const target: FieldType<Target> = {
  read(decoder) {
    const code = readDescriptor(decoder);
    if (code === COORDINATOR.code) return { ...decodeFields(decoder, COORDINATOR), coordinator: true };
    if (code !== TARGET.code) throw decodeError('a target was expected');
    return decodeFields(decoder, TARGET);
  },
  write: (encoder, value) => encodeComposite(encoder, value.coordinator === true ? COORDINATOR : TARGET, value),
};
