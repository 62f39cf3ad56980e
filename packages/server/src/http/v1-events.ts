/** `/v1/events`: what is and what changes, of several topics in one stream (server-sent events). */
import { closest } from '@millrace/contract';
import type { EventHub, TopicChoice } from './events/event-hub.js';
import { EVENT_STREAM, eventResponse } from './events/event-response.js';
import { EVENT_TOPICS, type EventTopicName } from './events/event-topics.js';
import { type Call, invalidParameter, type Route } from './route.js';

const CHOICES_MAX = 1000;

export function eventRoute(hub: EventHub): Route {
  return {
    method: 'GET',
    path: '/v1/events',
    operation: 'listenToEvents',
    summary: 'What is and what changes, as server-sent events',
    query: [
      {
        name: 'topics',
        type: 'string',
        summary: `with commas between them, of ${EVENT_TOPICS.join(', ')}; TOPIC:NAME for one thing alone, its name percent-encoded`,
        repeated: true,
        required: true,
      },
    ],
    headers: [{ name: 'Last-Event-ID', summary: 'id of the last event of the stream before: goes on behind it' }],
    answers: { 200: { summary: 'events', mediaType: EVENT_STREAM } },
    handle: ({ request, query, principal }: Call) => {
      const choices = choicesOf(query.getAll('topics'));
      const lastEventId = request.headers.get('last-event-id') ?? undefined;
      const stream = hub.open(choices, principal, lastEventId === '' ? undefined : lastEventId);
      if (request.method === 'HEAD') stream.end();
      return eventResponse({ next: () => stream.next(), end: () => stream.end() });
    },
  };
}

function choicesOf(values: readonly string[]): readonly TopicChoice[] {
  const chosen = new Map<EventTopicName, Set<string> | undefined>();
  const texts = values.flatMap((value) => value.split(',')).filter((text) => text !== '');
  if (texts.length === 0)
    throw invalidParameter('topics', '', `one or more of ${EVENT_TOPICS.join(', ')}`, EVENT_TOPICS);
  if (texts.length > CHOICES_MAX) throw invalidParameter('topics', `${texts.length} of them`, `at most ${CHOICES_MAX}`);
  for (const text of texts) {
    const [topic = '', ...rest] = text.split(':');
    if (!isTopic(topic)) {
      const meant = closest(topic, EVENT_TOPICS);
      throw invalidParameter('topics', text, meant ?? `one or more of ${EVENT_TOPICS.join(', ')}`, EVENT_TOPICS);
    }
    const name = rest.length === 0 ? undefined : decoded(text, rest.join(':'));
    const before = chosen.get(topic);
    if (name === undefined || (chosen.has(topic) && before === undefined)) chosen.set(topic, undefined);
    else chosen.set(topic, (before ?? new Set()).add(name));
  }
  return [...chosen].map(([topic, names]) => ({ topic, names }));
}

function decoded(text: string, name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw invalidParameter('topics', text, 'TOPIC:NAME with the name in percent-encoded UTF-8');
  }
}

function isTopic(text: string): text is EventTopicName {
  return EVENT_TOPICS.some((topic) => topic === text);
}
