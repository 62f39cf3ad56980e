/**
 * One client's events. It takes a piece when it has read the one before, so that nothing gathers for a slow client but its
 * place in the logs; what it was too slow for is told as a whole again.
 *
 *     snapshot … snapshot   what there is, in pieces, `more: true` on all but the last of a topic
 *     bookmark              all of it is told; from here on changes
 *     added, modified, deleted, and a bookmark when nothing was to be told for a while
 *
 * Only the last event of a piece has an id: who ends in between begins again before it.
 */
import type { EventHub } from './event-hub.js';
import type { EventTopic, EventTopicName } from './event-topics.js';
import type { ChangeType, TopicLog } from './topic-log.js';

export interface StreamTopic {
  readonly source: EventTopic;
  readonly log: TopicLog;
  readonly names: ReadonlySet<string> | undefined;
}

export interface EventStreamOptions {
  readonly topics: readonly StreamTopic[];
  /** Whether the client may see what this address guards. */
  readonly allowed: (guard: string) => boolean;
  /** Goes on after this version; undefined: from what there is. */
  readonly since: number | undefined;
  readonly closed: () => void;
}

const HEARTBEAT_MS = 15_000;
/** A client that takes nothing for so long is let go. */
const STALLED_MS = 60_000;
/** Things in one event. */
const ITEMS_MAX = 500;
const RETRY_MS = 2_000;

interface Place extends StreamTopic {
  /** What is still to be told of what there is; undefined: changes alone. */
  snapshot: readonly { readonly key: string; readonly guard: string }[] | undefined;
  /** Changes after this version are to be told. */
  version: number;
}

export class EventStream {
  readonly #hub: EventHub;
  readonly #options: EventStreamOptions;
  readonly #places: readonly Place[];
  #began = false;
  #toldAll: boolean;
  #lastToldMs: number;
  #lastTakenMs: number;
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(hub: EventHub, options: EventStreamOptions) {
    this.#hub = hub;
    this.#options = options;
    this.#lastToldMs = hub.timers.now();
    this.#lastTakenMs = hub.timers.now();
    this.#toldAll = options.since !== undefined;
    this.#places = options.topics.map((topic) => {
      const place: Place = { ...topic, snapshot: undefined, version: options.since ?? hub.version };
      if (options.since === undefined) place.snapshot = this.#listOf(place);
      return place;
    });
  }

  get topics(): readonly EventTopicName[] {
    return this.#places.map(({ source }) => source.name);
  }

  /** The next piece, when there is one; undefined at the end. */
  async next(): Promise<string | undefined> {
    this.#lastTakenMs = this.#hub.timers.now();
    for (;;) {
      // Changes come with the beat, and not sooner: that is four times a second at most.
      if (this.#tellsChanges) await this.#nextBeat();
      if (this.#ended) return undefined;
      const piece = this.#piece();
      if (piece === '') continue;
      this.#lastToldMs = this.#hub.timers.now();
      return piece;
    }
  }

  get #tellsChanges(): boolean {
    return this.#began && this.#toldAll && this.#places.every(({ snapshot }) => snapshot === undefined);
  }

  #nextBeat(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Four times a second: there may be something to tell. */
  beat(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting();
    else if (this.#hub.timers.now() - this.#lastTakenMs > STALLED_MS) this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting?.();
    this.#options.closed();
  }

  #piece(): string {
    const began = this.#began ? '' : `retry: ${RETRY_MS}\n\n`;
    this.#began = true;
    const place = this.#places.find(({ snapshot }) => snapshot !== undefined);
    if (place?.snapshot !== undefined) return began + this.#snapshotPiece(place, place.snapshot);
    if (!this.#toldAll) {
      this.#toldAll = true;
      return began + this.#event('bookmark', {}, this.#id());
    }
    const changes = this.#changes();
    if (changes !== '') return began + changes;
    const silent = this.#hub.timers.now() - this.#lastToldMs >= HEARTBEAT_MS;
    return silent || began !== '' ? began + this.#event('bookmark', {}, this.#id()) : '';
  }

  #snapshotPiece(place: Place, left: NonNullable<Place['snapshot']>): string {
    const items = left.slice(0, ITEMS_MAX).flatMap(({ key }) => place.source.show(key) ?? []);
    const rest = left.slice(ITEMS_MAX);
    place.snapshot = rest.length > 0 ? rest : undefined;
    return this.#event('snapshot', { topic: place.source.name, items, more: rest.length > 0 });
  }

  /** Of all topics, since the last piece. */
  #changes(): string {
    const events: string[] = [];
    const { version } = this.#hub;
    for (const place of this.#places) {
      if (place.version === version) continue;
      const found = place.log.since(place.version);
      place.version = version;
      if (found === undefined) {
        // More has come than is kept: all of it anew.
        place.snapshot = this.#listOf(place);
        this.#toldAll = false;
        continue;
      }
      const wanted = found.changes.filter(({ key, guard }) => this.#wants(place, key, guard));
      for (const type of ['added', 'modified', 'deleted'] as const) {
        const keys = wanted.filter((change) => change.type === type).map(({ key }) => key);
        this.#tell({ place, type, keys, leftOut: found.leftOut }, events);
      }
    }
    if (events.length === 0) return '';
    return events.join('').replace(/\n$/, `id: ${this.#id()}\n\n`);
  }

  #tell(
    told: {
      readonly place: Place;
      readonly type: ChangeType;
      readonly keys: readonly string[];
      readonly leftOut: number;
    },
    events: string[],
  ): void {
    const { place, type, keys, leftOut } = told;
    const topic = place.source.name;
    for (let first = 0; first < keys.length; first += ITEMS_MAX) {
      const some = keys.slice(first, first + ITEMS_MAX);
      const shown =
        type === 'deleted' ? { keys: some } : { items: some.flatMap((key) => place.source.show(key) ?? []) };
      events.push(this.#event(type, { topic, ...shown, ...(leftOut > 0 ? { leftOut } : {}) }));
    }
  }

  #listOf(place: Place): NonNullable<Place['snapshot']> {
    return place.source.list().filter(({ key, guard }) => this.#wants(place, key, guard));
  }

  #wants({ names }: StreamTopic, key: string, guard: string): boolean {
    return names?.has(key) !== false && this.#options.allowed(guard);
  }

  #id(): string {
    return `${this.#hub.epoch}-${Math.min(...this.#places.map(({ version }) => version))}`;
  }

  #event(type: string, data: object, id?: string): string {
    const time = new Date(this.#hub.timers.now()).toISOString();
    const ends = id === undefined ? '' : `id: ${id}\n`;
    return `event: ${type}\ndata: ${JSON.stringify({ ...data, time })}\n${ends}\n`;
  }
}
