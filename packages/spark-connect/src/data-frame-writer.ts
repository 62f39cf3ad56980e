import { SaveMode, SaveTableMethod } from './generated/commands_pb.js';
import { type OptionValue, optionTexts } from './option-values.js';
import type { OperationOptions, SessionContext, WireCommand, WireRelation } from './session-context.js';

const SAVE_MODES = {
  append: SaveMode.APPEND,
  overwrite: SaveMode.OVERWRITE,
  error: SaveMode.ERROR_IF_EXISTS,
  ignore: SaveMode.IGNORE,
} as const;

type SaveType = Extract<WireCommand, { case: 'writeOperation' }>['value'] extends infer Write
  ? Extract<Write, { $typeName?: never }> extends { saveType?: infer Save }
    ? NonNullable<Save>
    : never
  : never;

/** Writes a relation once. */
export class DataFrameWriter {
  readonly #session: SessionContext;
  readonly #relation: WireRelation;
  #format: string | undefined;
  #mode: keyof typeof SAVE_MODES = 'error';
  #partitioningColumns: readonly string[] = [];
  readonly #options: Record<string, string> = {};

  constructor(session: SessionContext, relation: WireRelation) {
    this.#session = session;
    this.#relation = relation;
  }

  format(format: string): this {
    this.#format = format;
    return this;
  }

  /** What happens if there is something already. Default: `error`. */
  mode(mode: keyof typeof SAVE_MODES): this {
    this.#mode = mode;
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

  partitionBy(...columns: readonly string[]): this {
    this.#partitioningColumns = columns;
    return this;
  }

  save(path?: string, options?: OperationOptions): Promise<void> {
    return this.#write(path === undefined ? { case: undefined } : { case: 'path', value: path }, options);
  }

  saveAsTable(tableName: string, options?: OperationOptions): Promise<void> {
    const saveMethod = SaveTableMethod.SAVE_AS_TABLE;
    return this.#write({ case: 'table', value: { tableName, saveMethod } }, options);
  }

  async #write(saveType: SaveType, options: OperationOptions | undefined): Promise<void> {
    await this.#session.command(
      {
        case: 'writeOperation',
        value: {
          input: this.#relation,
          ...(this.#format === undefined ? {} : { source: this.#format }),
          mode: SAVE_MODES[this.#mode],
          options: { ...this.#options },
          partitioningColumns: [...this.#partitioningColumns],
          saveType,
        },
      },
      options,
    );
  }
}
