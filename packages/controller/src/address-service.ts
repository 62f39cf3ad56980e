/**
 * The v3 address API over AMQP: a request to the node `$address` with the application properties `method` and perhaps
 * `address`, answered to its reply-to. The body is JSON in an AmqpValue(string). Who sends the answer copies the
 * correlation-id (or the message-id, when there was none).
 */
import { type Problem, ProblemError, problemOf } from '@millrace/contract';
import { ANONYMOUS, type Principal } from '@millrace/security';
import type { V3Addresses, V3WriteOptions } from './v3-addresses.js';

export interface AddressRequest {
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** AmqpValue(string), or the bytes of a Data section. */
  readonly body: unknown;
}

export interface AddressResponse {
  /** `statusCode` as HTTP's, `statusDescription` for people, `contentType`. */
  readonly applicationProperties: Readonly<Record<string, string | number>>;
  /** JSON. */
  readonly body: string;
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE'] as const;

export class AddressService {
  readonly #addresses: V3Addresses;

  constructor(addresses: V3Addresses) {
    this.#addresses = addresses;
  }

  /** Never rejects: what goes wrong is in the answer. */
  async handle(request: AddressRequest, principal: Principal = ANONYMOUS): Promise<AddressResponse> {
    try {
      const answer = await this.#answer(request, principal);
      const applicationProperties = { statusCode: 200, statusDescription: 'OK', contentType: 'application/json' };
      return { applicationProperties, body: JSON.stringify(answer) };
    } catch (error) {
      if (error instanceof ProblemError) return problemAnswer(error.problem);
      return problemAnswer(problemOf('internal', 'the server failed to answer this request'));
    }
  }

  async #answer({ applicationProperties, body }: AddressRequest, principal: Principal): Promise<unknown> {
    const method = textProperty(applicationProperties, 'method') ?? 'GET';
    const address = textProperty(applicationProperties, 'address');
    const options: V3WriteOptions = { principal, force: String(applicationProperties.force ?? 'false') === 'true' };
    switch (method.toUpperCase()) {
      case 'GET':
        return address === undefined ? this.#addresses.list(principal) : this.#addresses.get(address, principal);
      case 'PUT':
        if (address === undefined) return this.#addresses.replaceAll(readBody(body), options);
        return this.#addresses.put(address, readBody(body), options);
      case 'POST':
        return this.#addresses.upsert(readBody(body), options);
      case 'DELETE':
        if (address !== undefined) return this.#addresses.delete(address, options);
        throw new ProblemError(problemOf('invalid-parameter', 'DELETE needs the application property address'));
      default:
        throw new ProblemError(
          problemOf('method-not-allowed', `method is ${method}; right is one of ${METHODS.join(', ')}`),
        );
    }
  }
}

function textProperty(properties: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new ProblemError(problemOf('invalid-parameter', `the application property ${name} is a string`));
}

function readBody(body: unknown): unknown {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  if (typeof text !== 'string')
    throw new ProblemError(problemOf('malformed-body', 'the body is JSON in an AmqpValue(string)'));
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ProblemError(problemOf('malformed-body', `the body is not JSON: ${(error as Error).message}`));
  }
}

function problemAnswer(problem: Problem): AddressResponse {
  const { status, title } = problem;
  const applicationProperties = {
    statusCode: status,
    statusDescription: title,
    contentType: 'application/problem+json',
  };
  return { applicationProperties, body: JSON.stringify(problem) };
}
