/** Format codes of the primitive encodings, in the order of AMQP 1.0 §1.6. The high nibble gives the width (§1.2.1). */
export const FormatCode = {
  described: 0x00,
  null: 0x40,
  boolean: 0x56,
  true: 0x41,
  false: 0x42,
  ubyte: 0x50,
  ushort: 0x60,
  uint: 0x70,
  smalluint: 0x52,
  uint0: 0x43,
  ulong: 0x80,
  smallulong: 0x53,
  ulong0: 0x44,
  byte: 0x51,
  short: 0x61,
  int: 0x71,
  smallint: 0x54,
  long: 0x81,
  smalllong: 0x55,
  float: 0x72,
  double: 0x82,
  decimal32: 0x74,
  decimal64: 0x84,
  decimal128: 0x94,
  char: 0x73,
  timestamp: 0x83,
  uuid: 0x98,
  vbin8: 0xa0,
  vbin32: 0xb0,
  str8: 0xa1,
  str32: 0xb1,
  sym8: 0xa3,
  sym32: 0xb3,
  list0: 0x45,
  list8: 0xc0,
  list32: 0xd0,
  map8: 0xc1,
  map32: 0xd1,
  array8: 0xe0,
  array32: 0xf0,
} as const;

/** Deepest nesting of lists, maps, arrays and descriptors that is followed. */
export const NESTING_MAX = 32;

/** Most elements of an array whose elements take no bytes (of null, true, …): nothing else would bound it. */
export const EMPTY_ELEMENTS_MAX = 65_536;
