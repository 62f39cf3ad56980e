import { SparkClientError } from './errors.js';

/** Tags travel in a list with commas between them. */
export function checkTag(tag: string): string {
  if (tag === '') throw new SparkClientError('a tag cannot be empty');
  if (tag.includes(',')) throw new SparkClientError(`the tag "${tag}" has a comma in it`);
  return tag;
}

/** The tags that each operation of a session gets. */
export class OperationTags {
  readonly #tags = new Set<string>();

  add(tag: string): void {
    this.#tags.add(checkTag(tag));
  }

  remove(tag: string): void {
    this.#tags.delete(checkTag(tag));
  }

  clear(): void {
    this.#tags.clear();
  }

  /** In the order they were added. */
  list(): string[] {
    return [...this.#tags];
  }
}
