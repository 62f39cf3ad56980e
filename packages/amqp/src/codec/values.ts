/**
 * AMQP values as JavaScript ones.
 *
 *     null, boolean, string                as they are
 *     ubyte … int, float, double           number
 *     long, ulong                          number when safe, else bigint
 *     timestamp, binary                    Date, Buffer
 *     symbol, uuid, decimal                AmqpSymbol, Uuid, Decimal
 *     list, map, array                     array, Map, AmqpArray
 *     described                            Described
 *
 * The other way a number becomes int, long or double and a plain object a map with string keys; `Typed` says it exactly.
 */

export class AmqpSymbol {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  toString(): string {
    return this.value;
  }
}

export class Uuid {
  /** 16 bytes in network order. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    if (bytes.length !== 16) throw new TypeError(`a UUID has 16 bytes, not ${bytes.length}`);
    this.bytes = bytes;
  }

  static parse(text: string): Uuid {
    return new Uuid(Buffer.from(text.replaceAll('-', ''), 'hex'));
  }

  toString(): string {
    const hex = this.bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}

/** IEEE 754-2008 decimal32, decimal64 or decimal128, carried and not interpreted. */
export class Decimal {
  /** 4, 8 or 16 bytes in network order. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    if (![4, 8, 16].includes(bytes.length)) throw new TypeError(`a decimal has 4, 8 or 16 bytes, not ${bytes.length}`);
    this.bytes = bytes;
  }
}

export class Described {
  readonly descriptor: AmqpValue;
  readonly value: AmqpValue;

  constructor(descriptor: AmqpValue, value: AmqpValue) {
    this.descriptor = descriptor;
    this.value = value;
  }
}

export type PrimitiveType =
  | 'null'
  | 'boolean'
  | 'ubyte'
  | 'ushort'
  | 'uint'
  | 'ulong'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'decimal32'
  | 'decimal64'
  | 'decimal128'
  | 'char'
  | 'timestamp'
  | 'uuid'
  | 'binary'
  | 'string'
  | 'symbol'
  | 'list'
  | 'map'
  | 'array';

/** A value to encode as exactly this AMQP type. Decoding never makes one. */
export class Typed {
  readonly type: PrimitiveType;
  readonly value: AmqpValue;

  constructor(type: PrimitiveType, value: AmqpValue) {
    this.type = type;
    this.value = value;
  }
}

/** Elements of one type (AMQP 1.0 §1.6.24); `descriptor` describes each of them. */
export class AmqpArray {
  readonly type: PrimitiveType;
  readonly values: readonly AmqpValue[];
  readonly descriptor: AmqpValue | undefined;

  constructor(type: PrimitiveType, values: readonly AmqpValue[], descriptor?: AmqpValue) {
    this.type = type;
    this.values = values;
    this.descriptor = descriptor;
  }
}

export type AmqpValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | AmqpSymbol
  | Uuid
  | Decimal
  | Described
  | Typed
  | AmqpArray
  | readonly AmqpValue[]
  | ReadonlyMap<AmqpValue, AmqpValue>
  | { readonly [key: string]: AmqpValue };

/** A map with symbol keys (AMQP 1.0 §2.8.13 fields), or a message's annotations and application properties. */
export type Fields = Readonly<Record<string, AmqpValue>>;

export function symbol(value: string): AmqpSymbol {
  return new AmqpSymbol(value);
}
