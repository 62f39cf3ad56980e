/** What came to the listeners: plain numbers, for whoever exports them. */
import type { EmbeddedPlane, ListenerView } from '@millrace/plane-embedded';
import type { HttpListener } from './http/start-http.js';
import type { TlsFiles } from './tls/tls-files.js';

export interface TransportObservation {
  /** AMQP and MQTT, each listener by name: `amqp`, `mqtt`, `amqps`, `mqtts`, `amqp-websocket`, `mqtt-websocket`. */
  readonly listeners: readonly ListenerView[];
  /** Of all of those: connections now, those not open yet, and the bytes these have sent. */
  readonly connections: number;
  readonly halfOpen: number;
  readonly halfOpenBytes: number;
  /** Clients that could not say who they are, and what ended because a right was taken away; since the start. */
  readonly amqp: { readonly authenticationsFailed: number; readonly revoked: number };
  readonly mqtt: { readonly authenticationsFailed: number; readonly revoked: number };
  readonly http: readonly { readonly name: string; readonly port: number; readonly dropped: number }[];
  /** Until when the server's certificate is valid; undefined: there is no TLS. */
  readonly certificateValidTo: Date | undefined;
}

export function observeTransport(
  plane: EmbeddedPlane,
  http: readonly HttpListener[],
  tls: TlsFiles | undefined,
): TransportObservation {
  const { amqp, mqtt } = plane.counters;
  return {
    listeners: plane.observeListeners(),
    ...plane.admissions,
    amqp: { authenticationsFailed: amqp.authenticationsFailed, revoked: amqp.revoked },
    mqtt: { authenticationsFailed: mqtt.authenticationsFailed, revoked: mqtt.revoked },
    http: http.map(({ tls: isTls, port, dropped }) => ({ name: isTls ? 'https' : 'http', port, dropped })),
    certificateValidTo: tls?.validTo,
  };
}
