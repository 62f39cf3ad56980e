import { SparkClientError } from './errors.js';
import { type KeyValue, SparkConnectService } from './generated/service_pb.js';
import type { Request, ServiceClient } from './service-client.js';

const { config } = SparkConnectService.method;

type Operation = NonNullable<NonNullable<Request<(typeof config)['input']>['operation']>['opType']>;

/** Configuration values as they are written: Spark parses them. */
export type ConfigValue = string | number | boolean;

/** The configuration of one session. */
export class RuntimeConfig {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  async #ask(opType: Operation): Promise<KeyValue[]> {
    const { pairs } = await this.#client.call(config, { operation: { opType } });
    return pairs;
  }

  async #askOne(opType: Operation, key: string): Promise<string | undefined> {
    const pair = (await this.#ask(opType)).find((candidate) => candidate.key === key);
    if (pair === undefined) throw new SparkClientError(`the server did not answer for ${key}`);
    return pair.value;
  }

  async set(key: string, value: ConfigValue): Promise<void> {
    await this.setAll({ [key]: value });
  }

  async setAll(values: Readonly<Record<string, ConfigValue>>): Promise<void> {
    const pairs = Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));
    if (pairs.length > 0) await this.#ask({ case: 'set', value: { pairs } });
  }

  /** @throws SparkError SQL_CONF_NOT_FOUND if the key has neither a value nor a default. */
  async get(key: string): Promise<string> {
    const value = await this.#askOne({ case: 'get', value: { keys: [key] } }, key);
    return value ?? '';
  }

  /** The value, or undefined if there is none. */
  getOption(key: string): Promise<string | undefined> {
    return this.#askOne({ case: 'getOption', value: { keys: [key] } }, key);
  }

  async getAll(prefix?: string): Promise<Record<string, string>> {
    const pairs = await this.#ask({ case: 'getAll', value: prefix === undefined ? {} : { prefix } });
    return Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? '']));
  }

  async unset(key: string): Promise<void> {
    await this.#ask({ case: 'unset', value: { keys: [key] } });
  }

  async isModifiable(key: string): Promise<boolean> {
    return (await this.#askOne({ case: 'isModifiable', value: { keys: [key] } }, key)) === 'true';
  }
}
