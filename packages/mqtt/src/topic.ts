/**
 * Topic names and topic filters (MQTT 5 §4.7): levels are separated by '/', '+' stands for one level, '#' for the parent
 * and all below. Shared subscriptions are written `$share/group/filter` (§4.8.2).
 */

/** A name that may be published to: not empty [MQTT-4.7.3-1], no wildcard [MQTT-3.3.2-2], no U+0000 [MQTT-4.7.3-2]. */
export function isTopicName(topic: string): boolean {
  if (topic.length === 0) return false;
  for (let i = 0; i < topic.length; i++) {
    const unit = topic.charCodeAt(i);
    if (unit === 0x23 || unit === 0x2b || unit === 0) return false;
  }
  return true;
}

/** '#' alone or last after '/' [MQTT-4.7.1-1]; '+' fills its level [MQTT-4.7.1-2]; not empty, no U+0000. */
export function isTopicFilter(filter: string): boolean {
  if (filter.length === 0 || filter.includes('\0')) return false;
  const levels = filter.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) return false;
    if (level.includes('+') && level !== '+') return false;
  }
  return true;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/**
 * Group and filter of `$share/group/filter`; undefined when the filter is not a shared one; 'invalid' when it begins so
 * and goes wrong: the group has at least one character and no wildcard [MQTT-4.8.2-1] [MQTT-4.8.2-2].
 */
export function parseSharedFilter(text: string): SharedFilter | 'invalid' | undefined {
  if (text !== '$share' && !text.startsWith('$share/')) return undefined;
  const slash = text.indexOf('/', 7);
  if (slash < 0) return 'invalid';
  const group = text.slice(7, slash);
  const filter = text.slice(slash + 1);
  if (group.length === 0 || hasWildcard(group) || !isTopicFilter(filter)) return 'invalid';
  return { group, filter };
}

/**
 * Whether a filter takes in a topic. A filter that begins with a wildcard takes in no topic that begins with '$'
 * [MQTT-4.7.2-1]; `a/#` takes in `a` itself (§4.7.1.2).
 */
export function matchesTopic(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  const filterLevels = filter.split('/');
  const topicLevels = topic.split('/');
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    if (index >= topicLevels.length) return false;
    if (level !== '+' && level !== topicLevels[index]) return false;
  }
  return filterLevels.length === topicLevels.length;
}
