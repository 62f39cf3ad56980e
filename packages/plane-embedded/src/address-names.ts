/**
 * The concrete addresses of a reader's messages, by number. What is found out about a name elsewhere is kept for as long as
 * the list is the same, so a list only grows, up to its bound; then a new one is begun.
 */

/** Give or take a batch. */
const NAMES_MAX = 65_536;

export class AddressNames {
  list: string[] = [];
  private readonly ids = new Map<string, number>();
  private last = '';
  private lastId = -1;

  idOf(address: string): number {
    if (address === this.last && this.lastId >= 0) return this.lastId;
    let id = this.ids.get(address);
    if (id === undefined) {
      id = this.list.push(address) - 1;
      this.ids.set(address, id);
    }
    this.last = address;
    this.lastId = id;
    return id;
  }

  /** To be called between batches. @returns whether batches with the list so far are of no use any more */
  renewIfFull(): boolean {
    if (this.list.length < NAMES_MAX) return false;
    this.list = [];
    this.ids.clear();
    this.lastId = -1;
    return true;
  }
}
