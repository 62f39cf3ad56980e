/**
 * Where all event streams come from: one count of versions, a log for each topic, and a clock that beats four times a second
 * while somebody listens. What is looked at is looked at once for all streams.
 */
import { randomUUID } from 'node:crypto';
import { type Kind, problemError } from '@millrace/contract';
import type { Timers } from '@millrace/controller';
import type { Authorizer, Principal } from '@millrace/security';
import { guardedName } from '../document-permission.js';
import { EventStream, type StreamTopic } from './event-stream.js';
import { type EventSources, type EventTopic, type EventTopicName, eventTopics } from './event-topics.js';
import { TopicLog } from './topic-log.js';

/** At most four times a second for each topic. */
const BEAT_MS = 250;
const STREAMS_MAX = 200;
/** A look that takes long is made less often: at most this part of the time. */
const LOOK_SHARE = 0.02;

/** Of a kind that is not here nothing is told. */
const DOCUMENT_TOPICS: Readonly<Partial<Record<Kind, EventTopicName>>> = { Address: 'addresses', Job: 'jobs' };

/** A topic, and for one that a stream has asked for by name, the names. */
export interface TopicChoice {
  readonly topic: EventTopicName;
  /** Undefined: all. */
  readonly names: ReadonlySet<string> | undefined;
}

interface Watched {
  readonly topic: EventTopic;
  readonly log: TopicLog;
  nextLookMs: number;
}

export interface EventHubOptions extends EventSources {
  readonly authorizer: Authorizer;
  readonly timers: Timers;
  readonly onError: (error: unknown) => void;
}

export class EventHub {
  /** Of this process: versions of another one mean nothing here. */
  readonly epoch: string;
  readonly timers: Timers;
  readonly #options: EventHubOptions;
  readonly #topics: ReadonlyMap<EventTopicName, Watched>;
  readonly #streams = new Set<EventStream>();
  #version = 0;
  #stopBeat: (() => void) | undefined;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.timers = options.timers;
    this.epoch = randomUUID().slice(0, 8);
    const topics = eventTopics(options).map((topic) => ({ topic, log: new TopicLog(0), nextLookMs: 0 }));
    this.#topics = new Map(topics.map((watched) => [watched.topic.name, watched]));
    options.controller.watch(({ type, kind, name }) => {
      const topic = DOCUMENT_TOPICS[kind];
      const watched = topic === undefined ? undefined : this.#topics.get(topic);
      watched?.log.note({ key: name, type, guard: guardedName(kind, name) }, ++this.#version);
    });
  }

  get version(): number {
    return this.#version;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** @param lastEventId where the stream before ended. @throws ProblemError events-gone, too-many-streams, not-allowed */
  open(choices: readonly TopicChoice[], principal: Principal, lastEventId: string | undefined): EventStream {
    if (this.#streams.size >= STREAMS_MAX) {
      throw problemError('too-many-streams', `${STREAMS_MAX} streams are open: close one, or share it`);
    }
    const { authorizer } = this.#options;
    for (const { topic } of choices) {
      if (this.#topics.get(topic)!.topic.demands === undefined || authorizer.authorize(principal, 'view', '#'))
        continue;
      throw problemError('not-allowed', `${principal.name} may not view the whole server, as the topic ${topic} does`);
    }
    const resumed = lastEventId === undefined ? undefined : this.#versionOf(lastEventId, choices);
    for (const { topic } of choices) this.#lookAt(this.#topics.get(topic)!, 'now');
    const topics = choices.map(({ topic, names }): StreamTopic => {
      const { log, topic: source } = this.#topics.get(topic)!;
      return { source, log, names };
    });
    const allowed = (guard: string) => authorizer.authorize(principal, 'view', guard);
    const stream = new EventStream(this, { topics, allowed, since: resumed, closed: () => this.#close(stream) });
    this.#streams.add(stream);
    this.#stopBeat ??= this.timers.after(BEAT_MS, () => this.#beat());
    return stream;
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of [...this.#streams]) stream.end();
  }

  #close(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopBeat?.();
    this.#stopBeat = undefined;
  }

  #beat(): void {
    const wanted = new Set([...this.#streams].flatMap((stream) => stream.topics));
    for (const watched of this.#topics.values()) {
      if (wanted.has(watched.topic.name)) this.#lookAt(watched, 'when due');
    }
    for (const stream of [...this.#streams]) stream.beat();
    if (this.#streams.size > 0) this.#stopBeat = this.timers.after(BEAT_MS, () => this.#beat());
  }

  #lookAt(watched: Watched, when: 'now' | 'when due'): void {
    const { topic, log } = watched;
    if (topic.lookMs === undefined || (when === 'when due' && this.timers.now() < watched.nextLookMs)) return;
    const began = performance.now();
    try {
      topic.look((change) => log.note(change, ++this.#version));
    } catch (error) {
      this.#options.onError(error);
    }
    const took = performance.now() - began;
    watched.nextLookMs = this.timers.now() + Math.max(topic.lookMs, took / LOOK_SHARE) - BEAT_MS / 2;
  }

  #versionOf(lastEventId: string, choices: readonly TopicChoice[]): number {
    const [, epoch, text] = /^(\w{1,36})-(\d{1,15})$/.exec(lastEventId) ?? [];
    const version = Number(text);
    const known =
      epoch === this.epoch &&
      version <= this.#version &&
      choices.every(({ topic }) => this.#topics.get(topic)!.log.reachesBackTo(version));
    if (known) return version;
    throw problemError(
      'events-gone',
      `what came after ${JSON.stringify(lastEventId.slice(0, 60))} is not known any more: ask again without Last-Event-ID, and all is told anew`,
    );
  }
}
