/**
 * The performatives (AMQP 1.0 §2.7) but transfer, which is encoded and decoded by hand (engine/transfer-frame.ts). Field
 * names are the specification's in camel case.
 */
import type { Decoder } from '../codec/decoder.js';
import type { AmqpValue, Fields } from '../codec/values.js';
import { type Composite, field, mandatory, readDescriptor } from './composite.js';
import { type DeliveryState, deliveryState, type ErrorRecord, errorRecord } from './delivery-state.js';
import { anything, binary, boolean, fields, string, symbols, ubyte, uint, ulong, ushort } from './field-types.js';
import { type Source, source, type Target, target } from './terminus.js';

/** Descriptor codes in the order of §2.7. */
export const Performative = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
} as const;

/** Whether deliveries leave a sender settled (§2.8.2). */
export const SenderSettleMode = { unsettled: 0, settled: 1, mixed: 2 } as const;
/** Whether a receiver settles by itself or waits for the sender's word (§2.8.3). */
export const ReceiverSettleMode = { first: 0, second: 1 } as const;

export interface Open {
  readonly containerId: string;
  readonly hostname?: string | undefined;
  /** Default: 4294967295. */
  readonly maxFrameSize?: number | undefined;
  /** Default: 65535. */
  readonly channelMax?: number | undefined;
  /** Milliseconds. */
  readonly idleTimeOut?: number | undefined;
  readonly outgoingLocales?: readonly string[] | undefined;
  readonly incomingLocales?: readonly string[] | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: Fields | undefined;
}

export const OPEN: Composite<Open> = {
  name: 'open',
  code: Performative.open,
  fields: [
    mandatory('containerId', string),
    field('hostname', string),
    field('maxFrameSize', uint),
    field('channelMax', ushort),
    field('idleTimeOut', uint),
    field('outgoingLocales', symbols),
    field('incomingLocales', symbols),
    field('offeredCapabilities', symbols),
    field('desiredCapabilities', symbols),
    field('properties', fields),
  ],
};

export interface Begin {
  /** In answers only: the channel of the begin that is answered. */
  readonly remoteChannel?: number | undefined;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  /** Default: 4294967295. */
  readonly handleMax?: number | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: Fields | undefined;
}

export const BEGIN: Composite<Begin> = {
  name: 'begin',
  code: Performative.begin,
  fields: [
    field('remoteChannel', ushort),
    mandatory('nextOutgoingId', uint),
    mandatory('incomingWindow', uint),
    mandatory('outgoingWindow', uint),
    field('handleMax', uint),
    field('offeredCapabilities', symbols),
    field('desiredCapabilities', symbols),
    field('properties', fields),
  ],
};

export interface Attach {
  readonly name: string;
  readonly handle: number;
  /** The role of who sent this attach: false = sender, true = receiver. */
  readonly role: boolean;
  /** Default: mixed. */
  readonly sndSettleMode?: number | undefined;
  /** Default: first. */
  readonly rcvSettleMode?: number | undefined;
  readonly source?: Source | undefined;
  readonly target?: Target | undefined;
  readonly unsettled?: AmqpValue;
  readonly incompleteUnsettled?: boolean | undefined;
  readonly initialDeliveryCount?: number | undefined;
  /** Bytes; 0 or absent: no limit. */
  readonly maxMessageSize?: number | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: Fields | undefined;
}

export const ATTACH: Composite<Attach> = {
  name: 'attach',
  code: Performative.attach,
  fields: [
    mandatory('name', string),
    mandatory('handle', uint),
    mandatory('role', boolean),
    field('sndSettleMode', ubyte),
    field('rcvSettleMode', ubyte),
    field('source', source),
    field('target', target),
    field('unsettled', anything),
    field('incompleteUnsettled', boolean),
    field('initialDeliveryCount', uint),
    field('maxMessageSize', ulong),
    field('offeredCapabilities', symbols),
    field('desiredCapabilities', symbols),
    field('properties', fields),
  ],
};

export interface Flow {
  readonly nextIncomingId?: number | undefined;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  /** Absent: about the session alone. */
  readonly handle?: number | undefined;
  readonly deliveryCount?: number | undefined;
  readonly linkCredit?: number | undefined;
  readonly available?: number | undefined;
  readonly drain?: boolean | undefined;
  readonly echo?: boolean | undefined;
  readonly properties?: Fields | undefined;
}

export const FLOW: Composite<Flow> = {
  name: 'flow',
  code: Performative.flow,
  fields: [
    field('nextIncomingId', uint),
    mandatory('incomingWindow', uint),
    mandatory('nextOutgoingId', uint),
    mandatory('outgoingWindow', uint),
    field('handle', uint),
    field('deliveryCount', uint),
    field('linkCredit', uint),
    field('available', uint),
    field('drain', boolean),
    field('echo', boolean),
    field('properties', fields),
  ],
};

/** The fields of a transfer (§2.7.5), for tests and tools; the engine does not make such objects. */
export interface Transfer {
  readonly handle: number;
  readonly deliveryId?: number | undefined;
  readonly deliveryTag?: Uint8Array | undefined;
  readonly messageFormat?: number | undefined;
  readonly settled?: boolean | undefined;
  readonly more?: boolean | undefined;
  readonly rcvSettleMode?: number | undefined;
  readonly state?: DeliveryState | undefined;
  readonly resume?: boolean | undefined;
  readonly aborted?: boolean | undefined;
  readonly batchable?: boolean | undefined;
}

export const TRANSFER: Composite<Transfer> = {
  name: 'transfer',
  code: Performative.transfer,
  fields: [
    mandatory('handle', uint),
    field('deliveryId', uint),
    field('deliveryTag', binary),
    field('messageFormat', uint),
    field('settled', boolean),
    field('more', boolean),
    field('rcvSettleMode', ubyte),
    field('state', deliveryState),
    field('resume', boolean),
    field('aborted', boolean),
    field('batchable', boolean),
  ],
};

export interface Disposition {
  /** Role of who sends it: false = sender, true = receiver. */
  readonly role: boolean;
  readonly first: number;
  /** Default: first. */
  readonly last?: number | undefined;
  readonly settled?: boolean | undefined;
  readonly state?: DeliveryState | undefined;
  readonly batchable?: boolean | undefined;
}

export const DISPOSITION: Composite<Disposition> = {
  name: 'disposition',
  code: Performative.disposition,
  fields: [
    mandatory('role', boolean),
    mandatory('first', uint),
    field('last', uint),
    field('settled', boolean),
    field('state', deliveryState),
    field('batchable', boolean),
  ],
};

export interface Detach {
  readonly handle: number;
  /** True: the link's state is given up too. Default: false. */
  readonly closed?: boolean | undefined;
  readonly error?: ErrorRecord | undefined;
}

export const DETACH: Composite<Detach> = {
  name: 'detach',
  code: Performative.detach,
  fields: [mandatory('handle', uint), field('closed', boolean), field('error', errorRecord)],
};

export interface End {
  readonly error?: ErrorRecord | undefined;
}

export const END: Composite<End> = { name: 'end', code: Performative.end, fields: [field('error', errorRecord)] };

export interface Close {
  readonly error?: ErrorRecord | undefined;
}

export const CLOSE: Composite<Close> = {
  name: 'close',
  code: Performative.close,
  fields: [field('error', errorRecord)],
};

/** The descriptor in the two bytes that all peers use, else the long way. */
export function readPerformative(decoder: Decoder): number {
  const { buffer, position, end } = decoder;
  if (end - position >= 3 && buffer[position] === 0 && buffer[position + 1] === 0x53) {
    decoder.position = position + 3;
    return buffer[position + 2]!;
  }
  return readDescriptor(decoder);
}
