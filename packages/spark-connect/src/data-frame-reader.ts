import { DataFrame } from './data-frame.js';
import { type OptionValue, optionTexts } from './option-values.js';
import type { SessionContext } from './session-context.js';
import { type StructType, schemaText } from './types/data-type.js';

/** Reads a source: `spark.read` rows that are there, `spark.readStream` rows as they come. */
export class DataFrameReader {
  readonly #session: SessionContext;
  readonly #kind: 'batch' | 'stream';
  #format: string | undefined;
  #schema: string | undefined;
  readonly #options: Record<string, string> = {};

  constructor(session: SessionContext, kind: 'batch' | 'stream') {
    this.#session = session;
    this.#kind = kind;
  }

  format(format: string): this {
    this.#format = format;
    return this;
  }

  /** A DDL text such as `time TIMESTAMP, body STRING`, or what `schema()` of a data frame gave. */
  schema(schema: string | StructType): this {
    this.#schema = typeof schema === 'string' ? schema : schemaText(schema);
    return this;
  }

  option(name: string, value: OptionValue): this {
    this.#options[name] = String(value);
    return this;
  }

  options(options: Readonly<Record<string, OptionValue>>): this {
    Object.assign(this.#options, optionTexts(options));
    return this;
  }

  load(...paths: readonly string[]): DataFrame {
    return new DataFrame(this.#session, {
      relType: {
        case: 'read',
        value: {
          isStreaming: this.#kind === 'stream',
          readType: {
            case: 'dataSource',
            value: {
              ...(this.#format === undefined ? {} : { format: this.#format }),
              ...(this.#schema === undefined ? {} : { schema: this.#schema }),
              options: { ...this.#options },
              paths: [...paths],
            },
          },
        },
      },
    });
  }

  table(name: string): DataFrame {
    return new DataFrame(this.#session, {
      relType: {
        case: 'read',
        value: {
          isStreaming: this.#kind === 'stream',
          readType: { case: 'namedTable', value: { unparsedIdentifier: name, options: { ...this.#options } } },
        },
      },
    });
  }
}
