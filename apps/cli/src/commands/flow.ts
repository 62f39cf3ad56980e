/** `millrace flow`: who sends what where, as it is now. */
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { asDot, asMermaid, asTree, type FLOW_FORMATS } from '../flow/formats.js';
import { flowOf } from '../flow/graph.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';

export interface FlowOptions extends ControlOptions {
  readonly output: (typeof FLOW_FORMATS)[number];
}

export async function flow(terminal: Terminal, options: FlowOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  const [addresses, jobs, connections] = await Promise.all([
    client.addresses.list(),
    client.jobs.list(),
    client.connections(),
  ]);
  const found = flowOf(
    addresses.map(({ metadata }) => metadata.name),
    jobs,
    connections,
  );
  switch (options.output) {
    case 'tree':
      if (found.nodes.length === 0) terminal.note('There is nothing yet: no address, no job, no client.');
      else terminal.data(asTree(found));
      break;
    case 'mermaid':
      terminal.data(asMermaid(found));
      break;
    case 'dot':
      terminal.data(asDot(found));
      break;
    case 'json':
      await showData(terminal, found, 'json');
      break;
  }
  return EXIT_CODE.done;
}
