/** The tables of docs/reference/metrics.md. */
import { METRIC_GROUPS } from './exposition.js';

export function metricsTables(): string {
  const sections = METRIC_GROUPS.map(([title, metrics]) => {
    const rows = metrics.map(({ name, kind, labels, help }) => {
      const shown = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${kind} | ${shown} | ${help} |`;
    });
    return `## ${title}\n\n| metric | kind | labels | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return sections.join('\n');
}
