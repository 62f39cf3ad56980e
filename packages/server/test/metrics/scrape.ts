/** Reads the text format of Prometheus: names, labels and values, as a scrape would. */
export interface Scraped {
  /** Label names by metric, as they appear in samples or are documented for it. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  /** The value of one sample; undefined: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  readonly samples: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export function readMetrics(text: string): Scraped {
  const labels = new Map<string, Set<string>>();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+)/.exec(line)?.[1];
    if (type !== undefined) labels.set(type, labels.get(type) ?? new Set());
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', inner = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (name === '') throw new Error(`no sample: ${line}`);
    const own = labels.get(name) ?? new Set<string>();
    labels.set(name, own);
    const pairs = [...inner.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text] as const);
    for (const [key] of pairs) own.add(key);
    const sample = keyOf(name, Object.fromEntries(pairs));
    if (values.has(sample)) throw new Error(`the sample ${sample} stands twice`);
    values.set(sample, Number(value));
  }
  return { labels, value: (name, wanted = {}) => values.get(keyOf(name, wanted)), samples: values.size };
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
}
