/** A flow as a tree of text, as Mermaid, as Graphviz. */
import { printable } from '../text/table.js';
import type { Flow, FlowNode } from './graph.js';

export const FLOW_FORMATS = ['tree', 'mermaid', 'dot', 'json'] as const;

/** From each beginning on; what was shown already is named and not followed again, so circles end. */
export function asTree({ nodes, edges }: Flow): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const next = new Map<string, string[]>();
  const entered = new Set<string>();
  for (const { from, to } of edges) {
    next.set(from, [...(next.get(from) ?? []), to]);
    entered.add(to);
  }
  const shown = new Set<string>();
  const lines: string[] = [];
  const visit = (id: string, indent: string, arrow: string): void => {
    const node = byId.get(id)!;
    const again = shown.has(id) && (next.get(id)?.length ?? 0) > 0;
    lines.push(`${indent}${arrow}${labelOf(node)}${again ? ' …' : ''}`);
    if (shown.has(id)) return;
    shown.add(id);
    for (const to of next.get(id) ?? []) visit(to, `${indent}${arrow === '' ? '' : '   '}`, '→ ');
  };
  for (const { id } of nodes) if (!entered.has(id)) visit(id, '', '');
  // What is left lies on circles that nothing leads into.
  for (const { id } of nodes) if (!shown.has(id)) visit(id, '', '');
  return lines.map((line) => `${line}\n`).join('');
}

function labelOf({ kind, label }: FlowNode): string {
  return kind === 'client' ? printable(label) : `${kind} ${printable(label)}`;
}

export function asMermaid({ nodes, edges }: Flow): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const box = ({ id, kind, label }: FlowNode): string => {
    const text = `"${entities(printable(label))}"`;
    const shape = kind === 'address' ? `[(${text})]` : kind === 'job' ? `[[${text}]]` : `(${text})`;
    return `  ${names.get(id)}${shape}`;
  };
  const arrows = edges.map(({ from, to }) => `  ${names.get(from)} --> ${names.get(to)}`);
  return `${['flowchart LR', ...nodes.map(box), ...arrows].join('\n')}\n`;
}

export function asDot({ nodes, edges }: Flow): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const shapes = { address: 'cylinder', job: 'component', client: 'ellipse' } as const;
  const boxes = nodes.map(
    ({ id, kind, label }) => `  ${names.get(id)} [shape=${shapes[kind]}, label=${quoted(printable(label))}];`,
  );
  const arrows = edges.map(({ from, to }) => `  ${names.get(from)} -> ${names.get(to)};`);
  return `${['digraph millrace {', '  rankdir=LR;', ...boxes, ...arrows, '}'].join('\n')}\n`;
}

/** Mermaid reads labels as HTML. */
function entities(text: string): string {
  return text.replace(/[&<>"#]/g, (character) => `#${character.charCodeAt(0)};`);
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
