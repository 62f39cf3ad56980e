/**
 * What changed of one topic, in order, as far back as there is room. Readers keep a version of their own and ask for what came
 * since; of several changes of one thing they get the last. One that asks for more than is kept has to look at all anew.
 */
export type ChangeType = 'added' | 'modified' | 'deleted';

export interface TopicChange {
  readonly key: string;
  readonly type: ChangeType;
  /** The address by which permissions are asked for; of what is deleted it cannot be found out later. */
  readonly guard: string;
}

interface Noted extends TopicChange {
  readonly version: number;
}

export interface ChangesSince {
  readonly changes: readonly TopicChange[];
  /** Changes that a later one has taken the place of. */
  readonly leftOut: number;
}

const NOTED_MAX = 20_000;

export class TopicLog {
  #noted: Noted[] = [];
  /** What came after this version is here. */
  #floor: number;
  readonly #notedMax: number;

  /** @param version before which nothing is known */
  constructor(version: number, notedMax = NOTED_MAX) {
    this.#floor = version;
    this.#notedMax = notedMax;
  }

  note(change: TopicChange, version: number): void {
    this.#noted.push({ ...change, version });
    // Half at a time: an array gives up its first elements for the price of all the others.
    if (this.#noted.length < this.#notedMax * 2) return;
    this.#floor = this.#noted[this.#notedMax - 1]!.version;
    this.#noted = this.#noted.slice(this.#notedMax);
  }

  /** Whether all that came after this version is known. */
  reachesBackTo(version: number): boolean {
    return version >= this.#floor;
  }

  /** In the order of the last change of each. Undefined: not all of it is known any more. */
  since(version: number): ChangesSince | undefined {
    if (!this.reachesBackTo(version)) return undefined;
    const first = this.#firstAfter(version);
    const last = new Map<string, TopicChange>();
    for (const { key, type, guard } of this.#noted.slice(first)) {
      const before = last.get(key);
      // For who has not seen it, what was added and then modified is added.
      const shown = type === 'modified' && before?.type === 'added' ? 'added' : type;
      last.delete(key);
      last.set(key, { key, guard, type: shown });
    }
    return { changes: [...last.values()], leftOut: this.#noted.length - first - last.size };
  }

  #firstAfter(version: number): number {
    let low = 0;
    let high = this.#noted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#noted[middle]!.version > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
