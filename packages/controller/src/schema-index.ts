/** What addresses say of the columns of their messages, for the SQL checker. */
import type { MessageSchema } from '@millrace/contract';
import type { StoredDocument } from './document-store.js';
import type { AddressSchemas } from './sql-check.js';

export class SchemaIndex {
  readonly #schemas = new Map<string, MessageSchema>();
  #version = 0;

  get schemas(): AddressSchemas {
    return this.#schemas;
  }

  /** Rises when a schema has come, gone or changed: a text that was checked before is to be checked again. */
  get version(): number {
    return this.#version;
  }

  note(document: StoredDocument): void {
    if (document.kind !== 'Address') return;
    const { metadata, spec } = document;
    if (this.#schemas.get(metadata.name) === spec.schema) return;
    this.#version += 1;
    if (spec.schema === undefined) this.#schemas.delete(metadata.name);
    else this.#schemas.set(metadata.name, spec.schema);
  }

  forget(address: string): void {
    if (this.#schemas.delete(address)) this.#version += 1;
  }
}
