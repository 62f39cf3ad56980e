/**
 * The properties of MQTT 5 (§2.2.2): one table says their type, which packets carry them and whether they may repeat;
 * reading (property-reader.ts) and writing (packet-writer.ts) follow the table.
 *
 *     property block   length (Variable Byte Integer), then properties
 *     property         identifier (one byte), value
 */
/** Where a block stands: packet types, and the will's own block. */
export const PropertyPlace = {
  connect: 1 << 1,
  connack: 1 << 2,
  publish: 1 << 3,
  puback: 1 << 4,
  pubrec: 1 << 5,
  pubrel: 1 << 6,
  pubcomp: 1 << 7,
  subscribe: 1 << 8,
  suback: 1 << 9,
  unsubscribe: 1 << 10,
  unsuback: 1 << 11,
  disconnect: 1 << 14,
  auth: 1 << 15,
  will: 1 << 16,
} as const;

export type PropertyType =
  | 'byte'
  | 'bit'
  | 'twoBytes'
  | 'fourBytes'
  | 'integer'
  | 'string'
  | 'topic'
  | 'binary'
  | 'pair';

/** Decoded properties by name. Absent means not given; the standard's default then holds. */
export interface MqttProperties {
  payloadFormatIndicator?: number;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  subscriptionIdentifiers?: number[];
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Buffer;
  requestProblemInformation?: number;
  willDelayInterval?: number;
  requestResponseInformation?: number;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQos?: number;
  retainAvailable?: number;
  userProperties?: [name: string, value: string][];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: number;
  subscriptionIdentifierAvailable?: number;
  sharedSubscriptionAvailable?: number;
}

export interface PropertyDefinition {
  readonly id: number;
  readonly name: keyof MqttProperties;
  readonly type: PropertyType;
  readonly places: number;
  readonly repeats: boolean;
  /** 0 is a Protocol Error (§3.1.2.11.3 and others). */
  readonly positive: boolean;
}

const P = PropertyPlace;
const ACKNOWLEDGEMENTS =
  P.puback | P.pubrec | P.pubrel | P.pubcomp | P.suback | P.unsuback | P.connack | P.disconnect | P.auth;
const EVERYWHERE = ACKNOWLEDGEMENTS | P.connect | P.publish | P.subscribe | P.unsubscribe | P.will;

function define(id: number, name: keyof MqttProperties, type: PropertyType, places: number): PropertyDefinition {
  const repeats = name === 'userProperties' || name === 'subscriptionIdentifiers';
  const positive = name === 'receiveMaximum' || name === 'maximumPacketSize' || name === 'subscriptionIdentifiers';
  return { id, name, type, places, repeats, positive };
}

/** MQTT 5 table 2-4, in its order. */
export const PROPERTY_DEFINITIONS: readonly PropertyDefinition[] = [
  define(0x01, 'payloadFormatIndicator', 'bit', P.publish | P.will),
  define(0x02, 'messageExpiryInterval', 'fourBytes', P.publish | P.will),
  define(0x03, 'contentType', 'string', P.publish | P.will),
  define(0x08, 'responseTopic', 'topic', P.publish | P.will),
  define(0x09, 'correlationData', 'binary', P.publish | P.will),
  define(0x0b, 'subscriptionIdentifiers', 'integer', P.publish | P.subscribe),
  define(0x11, 'sessionExpiryInterval', 'fourBytes', P.connect | P.connack | P.disconnect),
  define(0x12, 'assignedClientIdentifier', 'string', P.connack),
  define(0x13, 'serverKeepAlive', 'twoBytes', P.connack),
  define(0x15, 'authenticationMethod', 'string', P.connect | P.connack | P.auth),
  define(0x16, 'authenticationData', 'binary', P.connect | P.connack | P.auth),
  define(0x17, 'requestProblemInformation', 'bit', P.connect),
  define(0x18, 'willDelayInterval', 'fourBytes', P.will),
  define(0x19, 'requestResponseInformation', 'bit', P.connect),
  define(0x1a, 'responseInformation', 'string', P.connack),
  define(0x1c, 'serverReference', 'string', P.connack | P.disconnect),
  define(0x1f, 'reasonString', 'string', ACKNOWLEDGEMENTS),
  define(0x21, 'receiveMaximum', 'twoBytes', P.connect | P.connack),
  define(0x22, 'topicAliasMaximum', 'twoBytes', P.connect | P.connack),
  define(0x23, 'topicAlias', 'twoBytes', P.publish),
  define(0x24, 'maximumQos', 'bit', P.connack),
  define(0x25, 'retainAvailable', 'bit', P.connack),
  define(0x26, 'userProperties', 'pair', EVERYWHERE),
  define(0x27, 'maximumPacketSize', 'fourBytes', P.connect | P.connack),
  define(0x28, 'wildcardSubscriptionAvailable', 'bit', P.connack),
  define(0x29, 'subscriptionIdentifierAvailable', 'bit', P.connack),
  define(0x2a, 'sharedSubscriptionAvailable', 'bit', P.connack),
];

export const PROPERTY_BY_ID: readonly (PropertyDefinition | undefined)[] = (() => {
  const table: (PropertyDefinition | undefined)[] = new Array(0x2b).fill(undefined);
  for (const definition of PROPERTY_DEFINITIONS) table[definition.id] = definition;
  return table;
})();

/** Properties that belong to one hop and are never passed on as they came. */
export const HopProperty = { messageExpiryInterval: 0x02, subscriptionIdentifier: 0x0b, topicAlias: 0x23 } as const;
