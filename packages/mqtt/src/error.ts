import { ReasonCode } from './reason-code.js';

/**
 * The one error of this package: what the peer, or the caller, did wrong. Every MQTT error ends the connection; MQTT 5
 * tells the peer the reason code in DISCONNECT or CONNACK, MQTT 3.1.1 only closes (MQTT 5 §4.13).
 */
export class MqttError extends Error {
  override readonly name = 'MqttError';
  readonly reasonCode: number;

  constructor(reasonCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reasonCode = reasonCode;
  }
}

/** Bytes that do not follow the packet's layout (MQTT 5 §1.2 "Malformed Packet"). */
export function malformed(message: string): MqttError {
  return new MqttError(ReasonCode.malformedPacket, message);
}

/** Well-formed, but not allowed now or together (MQTT 5 §1.2 "Protocol Error"). */
export function protocolError(message: string): MqttError {
  return new MqttError(ReasonCode.protocolError, message);
}
