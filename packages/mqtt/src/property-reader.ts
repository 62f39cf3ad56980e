/**
 * Reads and checks property blocks by offset: into an object (`decodeProperties`) for packets that come now and then, or
 * without any (`scanPublishProperties`) for PUBLISH; and copies a block for the next hop.
 */
import { malformed, protocolError } from './error.js';
import {
  HopProperty,
  type MqttProperties,
  PROPERTY_BY_ID,
  type PropertyDefinition,
  PropertyPlace,
  type PropertyType,
} from './property.js';
import { isTopicName } from './topic.js';
import { decodeUtf8, isWellFormed } from './utf8.js';

/** The definition of the property at `at`, checked for being allowed in `place`. */
function definitionAt(buffer: Buffer, at: number, place: number): PropertyDefinition {
  const id = buffer[at]!;
  const definition = PROPERTY_BY_ID[id];
  if (definition === undefined) throw malformed(`unknown property 0x${id.toString(16)}`);
  if ((definition.places & place) === 0) throw protocolError(`property ${definition.name} is not allowed here`);
  return definition;
}

/** Offset behind the value that begins at `at`; throws when it does not lie within `end`. Checks no content. */
function skipValue(type: PropertyType, buffer: Buffer, at: number, end: number): number {
  let next = end + 1;
  switch (type) {
    case 'byte':
    case 'bit':
      next = at + 1;
      break;
    case 'twoBytes':
      next = at + 2;
      break;
    case 'fourBytes':
      next = at + 4;
      break;
    case 'integer':
      next = at;
      while (next < end && next < at + 3 && buffer[next]! >= 0x80) next++;
      if (next < end && buffer[next]! >= 0x80) throw malformed('a Variable Byte Integer is longer than four bytes');
      next++;
      break;
    case 'string':
    case 'topic':
    case 'binary':
      next = skipString(buffer, at, end);
      break;
    case 'pair':
      next = skipString(buffer, skipString(buffer, at, end), end);
      break;
  }
  if (next > end) throw malformed('a property ends behind its block');
  return next;
}

function skipString(buffer: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw malformed('a property ends behind its block');
  return at + 2 + buffer.readUInt16BE(at);
}

function readInteger(buffer: Buffer, at: number, next: number): number {
  let value = 0;
  for (let i = next - 1; i >= at; i--) value = value * 128 + (buffer[i]! & 0x7f);
  if (next - at > 1 && buffer[next - 1] === 0) throw malformed('a Variable Byte Integer is not in its shortest form');
  return value;
}

function readNumber(definition: PropertyDefinition, buffer: Buffer, at: number, next: number): number {
  const value = definition.type === 'integer' ? readInteger(buffer, at, next) : buffer.readUIntBE(at, next - at);
  if (definition.positive && value === 0) throw protocolError(`${definition.name} is 0`);
  if (definition.type === 'bit' && value > 1) throw protocolError(`${definition.name} is neither 0 nor 1`);
  return value;
}

function readTopic(buffer: Buffer, at: number, next: number): string {
  const topic = decodeUtf8(buffer, at + 2, next);
  // [MQTT-3.3.2-14] The Response Topic contains no wildcard.
  if (!isTopicName(topic)) throw protocolError('the response topic is empty or contains a wildcard');
  return topic;
}

/**
 * Reads the properties in buffer[start … end), which is the block without its length. Binary values are copies.
 *
 * @throws MqttError malformed or protocol error
 */
export function decodeProperties(buffer: Buffer, start: number, end: number, place: number): MqttProperties {
  const properties: MqttProperties = {};
  let at = start;
  while (at < end) {
    const definition = definitionAt(buffer, at, place);
    const value = at + 1;
    at = skipValue(definition.type, buffer, value, end);
    const { name } = definition;
    if (properties[name] !== undefined && !definition.repeats) throw protocolError(`property ${name} is repeated`);
    switch (definition.type) {
      case 'string':
        assign(properties, name, decodeUtf8(buffer, value + 2, at));
        break;
      case 'topic':
        assign(properties, name, readTopic(buffer, value, at));
        break;
      case 'binary':
        assign(properties, name, Buffer.from(buffer.subarray(value + 2, at)));
        break;
      case 'pair': {
        const middle = skipString(buffer, value, at);
        properties.userProperties ??= [];
        properties.userProperties.push([decodeUtf8(buffer, value + 2, middle), decodeUtf8(buffer, middle + 2, at)]);
        break;
      }
      case 'integer':
        properties.subscriptionIdentifiers ??= [];
        properties.subscriptionIdentifiers.push(readNumber(definition, buffer, value, at));
        break;
      default:
        assign(properties, name, readNumber(definition, buffer, value, at));
    }
  }
  return properties;
}

function assign(properties: MqttProperties, name: keyof MqttProperties, value: string | number | Buffer): void {
  (properties as Record<string, unknown>)[name] = value;
}

/** What a receiver of PUBLISH must know of its properties at once. One object is used again and again. */
export class PublishProperties {
  /** 0: none. */
  topicAlias = 0;
  /** Seconds; -1: none. */
  messageExpiryInterval = -1;
  subscriptionIdentifiers = 0;

  note(id: number, value: number): void {
    if (id === HopProperty.messageExpiryInterval) this.messageExpiryInterval = value;
    else if (id === HopProperty.subscriptionIdentifier) this.subscriptionIdentifiers++;
    else if (id === HopProperty.topicAlias) {
      if (value === 0) throw protocolError('topicAlias is 0');
      this.topicAlias = value;
    }
  }
}

/**
 * Checks the property block of a PUBLISH without making objects, and notes what concerns this hop.
 *
 * @throws MqttError malformed or protocol error
 */
export function scanPublishProperties(buffer: Buffer, start: number, end: number, found: PublishProperties): void {
  found.topicAlias = 0;
  found.messageExpiryInterval = -1;
  found.subscriptionIdentifiers = 0;
  let seen = 0;
  let at = start;
  while (at < end) {
    const definition = definitionAt(buffer, at, PropertyPlace.publish);
    const value = at + 1;
    at = skipValue(definition.type, buffer, value, end);
    const bit = 1 << (definition.id & 0x1f);
    // Among PUBLISH's properties only 0x03 and 0x23 share these five bits; the alias is told apart by its own field.
    if (!definition.repeats) {
      const repeated = definition.id === HopProperty.topicAlias ? found.topicAlias !== 0 : (seen & bit) !== 0;
      if (repeated) throw protocolError(`property ${definition.name} is repeated`);
      if (definition.id !== HopProperty.topicAlias) seen |= bit;
    }
    const number = checkPublishProperty(definition, buffer, value, at);
    if (number >= 0) found.note(definition.id, number);
  }
}

/** @returns the value of a property that is a number; -1 for all others, whose content is checked */
function checkPublishProperty(definition: PropertyDefinition, buffer: Buffer, value: number, next: number): number {
  switch (definition.type) {
    case 'string':
      if (!isWellFormed(buffer, value + 2, next)) throw malformed(`${definition.name} is not well-formed UTF-8`);
      return -1;
    case 'topic':
      readTopic(buffer, value, next);
      return -1;
    case 'pair': {
      const middle = skipString(buffer, value, next);
      if (isWellFormed(buffer, value + 2, middle) && isWellFormed(buffer, middle + 2, next)) return -1;
      throw malformed('a user property is not well-formed UTF-8');
    }
    case 'binary':
      return -1;
    default:
      return readNumber(definition, buffer, value, next);
  }
}

/** Length of a checked block without the properties that belong to one hop. */
export function forwardedLength(buffer: Buffer, start: number, end: number): number {
  let length = 0;
  let at = start;
  while (at < end) {
    const next = skipValue(PROPERTY_BY_ID[buffer[at]!]!.type, buffer, at + 1, end);
    if (!isHopProperty(buffer[at]!)) length += next - at;
    at = next;
  }
  return length;
}

/** Copies a checked block without the properties that belong to one hop; returns the offset behind it in `target`. */
export function copyForwarded(
  buffer: Buffer,
  range: { readonly start: number; readonly end: number },
  target: Buffer,
  to: number,
): number {
  let at = range.start;
  let written = to;
  while (at < range.end) {
    const next = skipValue(PROPERTY_BY_ID[buffer[at]!]!.type, buffer, at + 1, range.end);
    if (!isHopProperty(buffer[at]!)) written += buffer.copy(target, written, at, next);
    at = next;
  }
  return written;
}

function isHopProperty(id: number): boolean {
  return (
    id === HopProperty.messageExpiryInterval ||
    id === HopProperty.subscriptionIdentifier ||
    id === HopProperty.topicAlias
  );
}
