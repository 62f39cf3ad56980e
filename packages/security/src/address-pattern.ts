/**
 * Whether an address belongs to a pattern, by MQTT's rules for topic filters [MQTT-4.7.1-1..3]: `/` separates levels,
 * `+` is any one level, `#` at the end is the level before it and all below. A pattern without wildcards is one address.
 */
export function matchesPattern(pattern: string, address: string): boolean {
  const wanted = pattern.split('/');
  const levels = address.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return index === wanted.length - 1;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}
