import { type EventEmitter, once } from 'node:events';
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { type ChannelCredentials, Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import type { ConnectionSettings } from './connection-string.js';
import { SparkClientError } from './errors.js';

/** Certificates as PEM. Without `rootCertificates` those of Node.js are trusted. */
export interface TlsOptions {
  readonly rootCertificates?: Uint8Array | undefined;
  readonly privateKey?: Uint8Array | undefined;
  readonly certificateChain?: Uint8Array | undefined;
  /** The name in the server's certificate if it is not the host that is connected to. */
  readonly serverName?: string | undefined;
}

export interface TransportOptions {
  readonly tls?: TlsOptions | undefined;
  /** The largest answer taken, in bytes. Default: 128 MiB, Spark's own limit. */
  readonly messageSizeMax?: number | undefined;
  /**
   * A connection that says nothing is asked after this time whether it is still there. gRPC's Java server closes
   * connections that ask more often than every five minutes. Default: 310,000.
   */
  readonly keepaliveMs?: number | undefined;
}

const MESSAGE_SIZE_MAX = 128 * 1024 * 1024;
const KEEPALIVE_MS = 310_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** The messages of a stream, in order; `cancel` ends it from this side. */
export interface ResponseStream<Output extends DescMessage> extends AsyncIterable<MessageShape<Output>> {
  cancel(): void;
}

type Method<Input extends DescMessage, Output extends DescMessage> = DescMethod & { input: Input; output: Output };

function definition<Input extends DescMessage, Output extends DescMessage>(method: Method<Input, Output>) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming',
    responseStream: method.methodKind === 'server_streaming',
    requestSerialize: (message) => Buffer.from(toBinary(method.input, message)),
    // As plain bytes: slices of a Buffer would be views of it, and are Buffers in turn.
    responseDeserialize: (bytes) =>
      fromBinary(method.output, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  } satisfies Pick<
    MethodDefinition<MessageShape<Input>, MessageShape<Output>>,
    'path' | 'requestStream' | 'responseStream' | 'requestSerialize' | 'responseDeserialize'
  >;
}

function toBuffer(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes);
}

function channelCredentials(settings: ConnectionSettings, tls: TlsOptions | undefined): ChannelCredentials {
  if (!settings.tls) return credentials.createInsecure();
  const { rootCertificates, privateKey, certificateChain } = tls ?? {};
  if ((privateKey === undefined) !== (certificateChain === undefined))
    throw new SparkClientError('tls: privateKey and certificateChain are given together or not at all');
  return credentials.createSsl(toBuffer(rootCertificates), toBuffer(privateKey), toBuffer(certificateChain));
}

/** Until there is room again, or the signal says that none is needed. */
async function drained(stream: EventEmitter, signal: AbortSignal): Promise<void> {
  await once(stream, 'drain', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** One gRPC channel and the headers of each call. It tries each call once and gives gRPC's errors as they are. */
export class Transport {
  readonly #client: Client;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(settings: ConnectionSettings, options: TransportOptions = {}) {
    const messageSizeMax = options.messageSizeMax ?? MESSAGE_SIZE_MAX;
    const serverName = options.tls?.serverName;
    this.#headers = {
      ...settings.headers,
      ...(settings.token === undefined ? {} : { authorization: `Bearer ${settings.token}` }),
    };
    this.#client = new Client(`${settings.host}:${settings.port}`, channelCredentials(settings, options.tls), {
      'grpc.max_receive_message_length': messageSizeMax,
      'grpc.max_send_message_length': messageSizeMax,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
      // Repeating calls is done above, where it is known what a call is.
      'grpc.enable_retries': 0,
      ...(serverName === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
    });
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(this.#headers)) metadata.set(name, value);
    return metadata;
  }

  unary<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    request: MessageInitShape<Input>,
    timeoutMs: number | undefined,
  ): Promise<MessageShape<Output>> {
    const { path, requestSerialize, responseDeserialize } = definition(method);
    const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, request),
        this.#metadata(),
        options,
        (error, response) => (error === null ? resolve(response as MessageShape<Output>) : reject(error)),
      );
    });
  }

  serverStream<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    request: MessageInitShape<Input>,
  ): ResponseStream<Output> {
    const { path, requestSerialize, responseDeserialize } = definition(method);
    return this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      create(method.input, request),
      this.#metadata(),
    );
  }

  /** Sends what `requests` yields, no faster than the server takes it. */
  clientStream<Input extends DescMessage, Output extends DescMessage>(
    method: Method<Input, Output>,
    requests: AsyncIterable<MessageInitShape<Input>>,
  ): Promise<MessageShape<Output>> {
    const { path, requestSerialize, responseDeserialize } = definition(method);
    return new Promise((resolve, reject) => {
      const answered = new AbortController();
      const call = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        this.#metadata(),
        (error, response) => {
          answered.abort();
          if (error === null) resolve(response as MessageShape<Output>);
          else reject(error);
        },
      );
      const send = async (): Promise<void> => {
        for await (const request of requests) {
          // A server may answer before it has taken all; leaving the loop lets go of what is being read.
          if (answered.signal.aborted) return;
          if (!call.write(create(method.input, request))) await drained(call, answered.signal);
        }
        call.end();
      };
      send().catch((error: unknown) => {
        call.cancel();
        reject(error);
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
