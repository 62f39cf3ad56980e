/**
 * The topics of the event stream. Of documents the controller tells what has changed; the others are looked at from time to
 * time while somebody listens, and what differs from the last look is a change.
 */
import type { Kind } from '@millrace/contract';
import type { Controller, Operations } from '@millrace/controller';
import { guardedName } from '../document-permission.js';
import type { ChangeType } from './topic-log.js';

export const EVENT_TOPICS = [
  'addresses',
  'jobs',
  'subscriptions',
  'connections',
  'operations',
  'server',
  'address-statistics',
  'job-statistics',
  'connection-statistics',
] as const;
export type EventTopicName = (typeof EVENT_TOPICS)[number];

export type Note = (change: { readonly key: string; readonly type: ChangeType; readonly guard: string }) => void;

export interface EventTopic {
  readonly name: EventTopicName;
  /** Whose view permission is asked for before anything; undefined: for each thing by itself. */
  readonly demands: '#' | undefined;
  /** All there is, in order, each with the address by which permissions are asked for. */
  list(): readonly { readonly key: string; readonly guard: string }[];
  /** As it is now; undefined when it is gone. */
  show(key: string): unknown;
  /** Pause between two looks, ms; undefined: it is told. */
  readonly lookMs: number | undefined;
  /** Notes what differs from the last look. */
  look(note: Note): void;
}

/** Something that was seen, with what is to be compared. */
interface Seen {
  readonly guard: string;
  readonly item: unknown;
  /** What counts as a change when it differs. */
  readonly mark: string;
}

/** A topic whose things are all looked at. */
class LookedAtTopic implements EventTopic {
  readonly name: EventTopicName;
  readonly demands: '#' | undefined;
  readonly lookMs: number;
  readonly #see: () => ReadonlyMap<string, Seen>;
  #last: ReadonlyMap<string, Seen> = new Map();

  constructor(
    name: EventTopicName,
    options: { readonly demands?: '#'; readonly lookMs: number; readonly see: () => ReadonlyMap<string, Seen> },
  ) {
    this.name = name;
    this.demands = options.demands;
    this.lookMs = options.lookMs;
    this.#see = options.see;
  }

  list(): readonly { readonly key: string; readonly guard: string }[] {
    return [...this.#last].map(([key, { guard }]) => ({ key, guard }));
  }

  show(key: string): unknown {
    return this.#last.get(key)?.item;
  }

  look(note: Note): void {
    const now = this.#see();
    for (const [key, { guard, mark }] of now) {
      const before = this.#last.get(key);
      if (before === undefined) note({ key, guard, type: 'added' });
      else if (before.mark !== mark) note({ key, guard, type: 'modified' });
    }
    for (const [key, { guard }] of this.#last) if (!now.has(key)) note({ key, guard, type: 'deleted' });
    this.#last = now;
  }
}

class DocumentTopic implements EventTopic {
  readonly name: EventTopicName;
  readonly demands = undefined;
  readonly lookMs = undefined;
  readonly #controller: Controller;
  readonly #kind: Kind;

  constructor(name: EventTopicName, controller: Controller, kind: Kind) {
    this.name = name;
    this.#controller = controller;
    this.#kind = kind;
  }

  list(): readonly { readonly key: string; readonly guard: string }[] {
    return this.#controller.names(this.#kind).map((key) => ({ key, guard: guardedName(this.#kind, key) }));
  }

  show(key: string): unknown {
    return this.#controller.get(this.#kind, key);
  }

  look(): void {}
}

export interface EventSources {
  readonly controller: Controller;
  readonly operations: Operations;
  readonly status: () => object;
}

const QUICK_MS = 250;
const SLOW_MS = 1000;

export function eventTopics({ controller, operations, status }: EventSources): readonly EventTopic[] {
  const { messaging } = controller;
  return [
    new DocumentTopic('addresses', controller, 'Address'),
    new DocumentTopic('jobs', controller, 'Job'),
    new LookedAtTopic('subscriptions', {
      lookMs: SLOW_MS,
      see: () => seen(messaging.observeSubscriptions(), (item) => ({ key: item.name, guard: item.source, item })),
    }),
    new LookedAtTopic('connections', {
      demands: '#',
      lookMs: SLOW_MS,
      see: () =>
        seen(messaging.observeConnections(), (item) => {
          const links = item.links.map(({ name, role, address }) => ({ name, role, address }));
          return { key: item.id, guard: '#', item: { ...item, links }, mark: JSON.stringify(links) };
        }),
    }),
    new LookedAtTopic('operations', {
      lookMs: QUICK_MS,
      see: () => seen(operations.list(), (item) => ({ key: item.id, guard: item.address, item })),
    }),
    new LookedAtTopic('server', {
      demands: '#',
      lookMs: SLOW_MS,
      see: () => seen([status()], (item) => ({ key: 'server', guard: '#', item })),
    }),
    ...statisticsTopics(controller),
  ];
}

function statisticsTopics(controller: Controller): readonly EventTopic[] {
  const { messaging, processing } = controller;
  return [
    new LookedAtTopic('address-statistics', {
      lookMs: SLOW_MS,
      see: () =>
        seen(controller.names('Address'), (name) => {
          const figures = messaging.addressFigures(name);
          return figures && { key: name, guard: name, item: { name, ...figures }, mark: markOf(figures) };
        }),
    }),
    new LookedAtTopic('job-statistics', {
      lookMs: SLOW_MS,
      see: () =>
        seen(controller.names('Job'), (name) => {
          const observation = processing.observe(name);
          if (observation === undefined) return undefined;
          const { source: _source, target: _target, warnings: _warnings, ...figures } = observation;
          return { key: name, guard: guardedName('Job', name), item: { name, ...figures } };
        }),
    }),
    new LookedAtTopic('connection-statistics', {
      demands: '#',
      lookMs: SLOW_MS,
      see: () =>
        seen(messaging.observeConnections(), ({ id, links }) => {
          const figures = links.map(({ name, role, credit, unsettled, deliveries }) => {
            return { name, role, credit, unsettled, deliveries };
          });
          return { key: id, guard: '#', item: { id, links: figures } };
        }),
    }),
  ];
}

/** @param read undefined leaves it out; without `mark` the whole item is compared */
function seen<T>(
  things: readonly T[],
  read: (
    thing: T,
  ) => { readonly key: string; readonly guard: string; readonly item: object; readonly mark?: string } | undefined,
): ReadonlyMap<string, Seen> {
  const found = new Map<string, Seen>();
  for (const thing of things) {
    const one = read(thing);
    if (one === undefined) continue;
    const { key, guard, item, mark = JSON.stringify(item) } = one;
    found.set(key, { guard, item, mark });
  }
  return found;
}

function markOf(figures: object): string {
  return Object.values(figures).join(' ');
}
