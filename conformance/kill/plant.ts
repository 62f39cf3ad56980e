/** Faults put into the ledgers after the fact, to see that they are found. */
import { MessageLoad, type Workload } from './workload.js';

export const PLANTS = ['lose', 'invent', 'double', 'reorder'] as const;
export type Plant = (typeof PLANTS)[number];

export function isPlant(name: string | undefined): name is Plant | undefined {
  return name === undefined || PLANTS.some((plant) => plant === name);
}

/** Changes one reception of one receiver, in the middle of what it has. */
export function plant(kind: Plant, workloads: readonly Workload[]): void {
  const load = workloads.find((workload) => workload instanceof MessageLoad);
  const receiver = load?.destinations[0]?.receivers[0];
  if (receiver === undefined) throw new Error('nothing to plant a fault in: choose a kind of load with messages');
  const { receptions } = receiver;
  // One that came once: of a message that came twice, one copy may be missing.
  const counts = new Map<number, number>();
  for (const { sequence } of receptions) counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
  const from = Math.floor(receptions.length / 2);
  const at = receptions.findIndex(({ sequence }, index) => index >= from && counts.get(sequence) === 1);
  const reception = receptions[at]!;
  switch (kind) {
    case 'lose':
      receptions.splice(at, 1);
      break;
    case 'invent':
      receptions.splice(at, 0, { ...reception, producer: 'nobody' });
      break;
    case 'double':
      receptions.splice(at, 0, { ...reception });
      break;
    case 'reorder': {
      const other = receptions.findIndex(({ producer }, index) => index > at && producer === reception.producer);
      [receptions[at], receptions[other]] = [receptions[other]!, reception];
    }
  }
}
