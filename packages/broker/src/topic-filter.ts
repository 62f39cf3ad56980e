/**
 * Topic names and filters, as in [MQTT-4.7]: levels between `/`, `+` for one level, `#` for all that follow, the level
 * before it included. A wildcard in the first level does not match topics that begin with `$`.
 */

/** Levels of a topic or filter: more are refused, so that walks over the tree are bounded. */
export const LEVELS_MAX = 128;
const NAME_LENGTH_MAX = 4096;

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

export function isValidFilter(filter: string): boolean {
  if (filter === '' || filter.length > NAME_LENGTH_MAX || filter.includes('\0')) return false;
  const levels = filter.split('/');
  if (levels.length > LEVELS_MAX) return false;
  return levels.every((level, at) => {
    if (level === '#') return at === levels.length - 1;
    return level === '+' || !hasWildcard(level);
  });
}

/** Name of an address: a topic, or anything else without wildcards. */
export function isValidName(name: string): boolean {
  return isValidFilter(name) && !hasWildcard(name);
}
