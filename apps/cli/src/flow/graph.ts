/** Producers → addresses → jobs → addresses → receivers, as connections and jobs are now. */
import type { Connection, JobDocument } from '@millrace/contract';

export interface FlowNode {
  readonly id: string;
  readonly kind: 'address' | 'job' | 'client';
  readonly label: string;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

/** So many clients that do the same are one node. */
const CLIENTS_TOGETHER = 3;

interface Doing {
  readonly protocol: string;
  readonly edges: readonly { readonly address: string; readonly role: 'sender' | 'receiver' }[];
  readonly containers: string[];
}

export function flowOf(
  addresses: readonly string[],
  jobs: readonly JobDocument[],
  connections: readonly Connection[],
): Flow {
  const nodes = new Map<string, FlowNode>();
  const edges = new Map<string, FlowEdge>();
  const address = (name: string): string => add({ id: `address ${name}`, kind: 'address', label: name });
  const add = (node: FlowNode): string => {
    nodes.set(node.id, node);
    return node.id;
  };
  const connect = (from: string, to: string) => edges.set(JSON.stringify([from, to]), { from, to });
  for (const name of addresses) address(name);
  for (const { metadata, status } of jobs) {
    const id = add({ id: `job ${metadata.name}`, kind: 'job', label: metadata.name });
    if (status.source !== undefined) connect(address(status.source), id);
    if (status.target !== undefined) connect(id, address(status.target));
  }
  for (const { containers, edges: own, protocol } of doings(connections)) {
    const groups = containers.length > CLIENTS_TOGETHER ? [`${containers.length} clients`] : containers;
    for (const label of groups) {
      const id = add({
        id: `client ${protocol} ${label} ${JSON.stringify(own)}`,
        kind: 'client',
        label: `${label} (${protocol})`,
      });
      for (const { address: name, role } of own) {
        if (role === 'sender') connect(id, address(name));
        else connect(address(name), id);
      }
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Clients by what they do: a thousand sensors that send to one topic are of one kind. */
function doings(connections: readonly Connection[]): readonly Doing[] {
  const byKey = new Map<string, Doing>();
  for (const { container, links, protocol } of connections) {
    // Jobs are known from their documents.
    if (protocol === 'job' || links.length === 0) continue;
    const edges = [...new Set(links.map(({ address, role }) => JSON.stringify([address, role])))].sort().map((text) => {
      const [address, role] = JSON.parse(text) as [string, 'sender' | 'receiver'];
      return { address, role };
    });
    const key = JSON.stringify([protocol, edges]);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { protocol, edges, containers: [container] });
    else known.containers.push(container);
  }
  return [...byKey.values()];
}
