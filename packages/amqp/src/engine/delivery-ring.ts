/**
 * Unsettled deliveries of a session by delivery-id. Ids follow one another, so a ring indexed by the id's low bits finds
 * most of them; a straggler whose slot is needed moves to a map. Nothing is bounded here: link-credit bounds it.
 */
const SMALLEST = 16;
const LARGEST = 8192;

interface Straggler<L> {
  readonly link: L;
  readonly context: unknown;
}

export class DeliveryRing<L> {
  /** Link and context of the delivery that `take` or `find` found last. */
  link: L | undefined = undefined;
  context: unknown = undefined;
  /** Unsettled deliveries. */
  count = 0;
  private ids = new Uint32Array(SMALLEST);
  private links: (L | undefined)[] = new Array(SMALLEST).fill(undefined);
  private contexts: unknown[] = new Array(SMALLEST).fill(undefined);
  private mask = SMALLEST - 1;
  private readonly stragglers = new Map<number, Straggler<L>>();

  /** @returns false when there is one of that id */
  add(id: number, link: L, context: unknown): boolean {
    let slot = id & this.mask;
    if (this.links[slot] !== undefined) {
      if (this.ids[slot] === id) return false;
      this.evict(slot);
      slot = id & this.mask;
    }
    if (this.stragglers.size > 0 && this.stragglers.has(id)) return false;
    this.ids[slot] = id;
    this.links[slot] = link;
    this.contexts[slot] = context;
    this.count++;
    return true;
  }

  /** Removes it. @returns false when there is none of that id */
  take(id: number): boolean {
    const slot = id & this.mask;
    const link = this.links[slot];
    if (link !== undefined && this.ids[slot] === id) {
      this.link = link;
      this.context = this.contexts[slot];
      this.links[slot] = undefined;
      this.contexts[slot] = undefined;
      this.count--;
      return true;
    }
    if (this.stragglers.size === 0 || !this.find(id)) return false;
    this.stragglers.delete(id);
    this.count--;
    return true;
  }

  /** Like `take`, without removing. */
  find(id: number): boolean {
    const slot = id & this.mask;
    const link = this.links[slot];
    if (link !== undefined && this.ids[slot] === id) {
      this.link = link;
      this.context = this.contexts[slot];
      return true;
    }
    const straggler = this.stragglers.get(id);
    if (straggler === undefined) return false;
    this.link = straggler.link;
    this.context = straggler.context;
    return true;
  }

  /** Ids from `first` to `last` that are here, in order: for ranges far wider than what is unsettled. */
  idsBetween(first: number, last: number): number[] {
    const width = (last - first) >>> 0;
    return this.allIds()
      .filter((id) => (id - first) >>> 0 <= width)
      .sort((a, b) => ((a - first) >>> 0) - ((b - first) >>> 0));
  }

  removeLink(link: L): void {
    for (const id of this.allIds()) {
      if (this.find(id) && this.link === link) this.take(id);
    }
    this.link = undefined;
    this.context = undefined;
  }

  private allIds(): number[] {
    const ids = [...this.stragglers.keys()];
    for (let slot = 0; slot <= this.mask; slot++) if (this.links[slot] !== undefined) ids.push(this.ids[slot]!);
    return ids;
  }

  /** Frees a slot: by growing as long as the ring is small, then by moving the straggler away. */
  private evict(slot: number): void {
    if (this.mask + 1 < LARGEST && this.count > this.mask >>> 1) {
      this.grow();
      return;
    }
    this.stragglers.set(this.ids[slot]!, { link: this.links[slot]!, context: this.contexts[slot] });
    this.links[slot] = undefined;
    this.contexts[slot] = undefined;
  }

  private grow(): void {
    const { ids, links, contexts } = this;
    const size = links.length * 2;
    this.ids = new Uint32Array(size);
    this.links = new Array(size).fill(undefined);
    this.contexts = new Array(size).fill(undefined);
    this.mask = size - 1;
    for (let old = 0; old < links.length; old++) {
      if (links[old] === undefined) continue;
      const slot = ids[old]! & this.mask;
      this.ids[slot] = ids[old]!;
      this.links[slot] = links[old];
      this.contexts[slot] = contexts[old];
    }
  }
}
