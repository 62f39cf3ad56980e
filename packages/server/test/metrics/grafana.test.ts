/** What dashboard and alert rules ask for is there: each expression is read by Prometheus' own grammar. */
import { readFile } from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { METRIC_GROUPS } from '../../src/metrics/exposition.js';

const FOLDER = new URL('../../../../deploy/grafana/', import.meta.url);
/** Put on every series by Prometheus itself. */
const TARGET_LABELS = ['instance', 'job'];

/** Labels by metric: ours from their table, those of the process as prom-client has them. */
const KNOWN = new Map<string, readonly string[]>([
  ...METRIC_GROUPS.flatMap(([, metrics]) => metrics.map(({ name, labels }) => [name, labels] as const)),
  ['up', []],
  ...['process_resident_memory_bytes', 'process_cpu_seconds_total'].map((name) => [name, []] as const),
  ...['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) => [name, []] as const),
  ...['p50', 'p99', 'max'].map((of) => [`nodejs_eventloop_lag_${of}_seconds`, []] as const),
  ['nodejs_gc_duration_seconds_sum', ['kind']],
]);

interface Asked {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** The metrics that an expression names, each with the labels that it is selected by or grouped by. @throws for no PromQL */
function askedBy(expression: string): readonly Asked[] {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const asked: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  const slice = (from: number, to: number) => text.slice(from, to);
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`);
      if (node.name === 'VectorSelector') {
        const metric = /^[\w:]+/.exec(slice(node.from, node.to))?.[0] ?? '';
        const labels = [...slice(node.from, node.to).matchAll(/([a-z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g)].map(
          ([, label]) => label!,
        );
        asked.push({ metric, labels });
      }
      if (node.name === 'GroupingLabels') {
        grouping.push(...[...slice(node.from, node.to).matchAll(/\w+/g)].map(([label]) => label));
      }
    },
  });
  return asked.map(({ metric, labels }) => ({ metric, labels: [...labels, ...grouping] }));
}

function strangersIn(expressions: readonly string[]): readonly string[] {
  return expressions.flatMap((expression) => {
    const asked = askedBy(expression);
    if (asked.length === 0) return [`names no metric: ${expression}`];
    return asked.flatMap(({ metric, labels }) => {
      const known = KNOWN.get(metric);
      if (known === undefined) return [`there is no metric ${metric}: ${expression}`];
      return labels
        .filter((label) => !known.includes(label) && !TARGET_LABELS.includes(label))
        .map((label) => `${metric} has no label ${label}: ${expression}`);
    });
  });
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string };
      readonly labels: { readonly severity: string };
    }[];
  }[];
}

describe('the check itself', () => {
  it('finds what is not there, and what is no PromQL', () => {
    expect(strangersIn(['rate(millrace_nothing_total[5m])'])).toEqual([
      expect.stringContaining('no metric millrace_nothing_total'),
    ]);
    expect(strangersIn(['millrace_ready{phase="x"}'])).toEqual([expect.stringContaining('has no label phase')]);
    expect(strangersIn(['sum by (colour) (millrace_ready)'])).toEqual([expect.stringContaining('has no label colour')]);
    expect(() => askedBy('sum by (x')).toThrow('no PromQL');
  });
});

describe('deploy/grafana', () => {
  it('millrace-dashboard.json asks for what there is', async () => {
    const dashboard = JSON.parse(await readFile(new URL('millrace-dashboard.json', FOLDER), 'utf8')) as Dashboard;
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(40);
    expect(strangersIn(expressions)).toEqual([]);
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const variables = dashboard.templating.list.flatMap(({ definition }) => {
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? [];
      return metric === undefined ? [] : [{ metric, label: label! }];
    });
    for (const { metric, label } of variables) {
      expect([...(KNOWN.get(metric) ?? []), ...TARGET_LABELS], metric).toContain(label);
      expect(KNOWN.has(metric), metric).toBe(true);
    }
    expect(variables).toHaveLength(2);
  });

  it('millrace-alerts.yaml asks for what there is, and names in its sentences what the series have', async () => {
    const { groups } = parse(await readFile(new URL('millrace-alerts.yaml', FOLDER), 'utf8')) as Rules;
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(15);
    expect(strangersIn(rules.map(({ expr }) => expr))).toEqual([]);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, annotations } of rules) {
      const labels = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!);
      const [first] = askedBy(expr);
      const known = [...(KNOWN.get(first!.metric) ?? []), ...TARGET_LABELS];
      expect(
        labels.filter((label) => !known.includes(label)),
        alert,
      ).toEqual([]);
    }
  });

  it('names no file that is not there', async () => {
    const { rule_files: files } = parse(await readFile(new URL('prometheus.yaml', FOLDER), 'utf8')) as {
      rule_files: string[];
    };
    for (const file of files) await readFile(new URL(file, FOLDER));
  });
});
