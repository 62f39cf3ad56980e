/** Any data as JSON, JSON lines or YAML. */
import type { Terminal } from '../terminal.js';

export async function showData(terminal: Terminal, value: unknown, format: 'json' | 'jsonl' | 'yaml'): Promise<void> {
  const list = Array.isArray(value) ? value : [value];
  switch (format) {
    case 'json':
      terminal.data(`${JSON.stringify(value, null, 2)}\n`);
      return;
    case 'jsonl':
      for (const item of list) terminal.data(`${JSON.stringify(item)}\n`);
      return;
    case 'yaml': {
      const { stringify } = await import('yaml');
      terminal.data(list.map((item) => stringify(item)).join('---\n'));
      return;
    }
  }
}
