import { getItem } from '../control/get-item.js';
import { kindOf, listingOf } from '../control/kinds.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type ListingOptions, showListing } from '../listing/listing.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';

export interface GetOptions extends ControlOptions, ListingOptions {
  readonly kind: string;
  readonly name: string | undefined;
}

export async function get(terminal: Terminal, options: GetOptions): Promise<ExitCode> {
  const kind = await kindOf(options.kind);
  const client = await openControlClient(terminal, options);
  const { name, output } = options;
  if (name === undefined) {
    await showListing(terminal, await kind.list(client), listingOf(kind), options);
    return EXIT_CODE.done;
  }
  const item = await getItem(client, kind, name);
  // One that was asked for by name is an object, a listing is an array.
  const asData = output === 'json' || output === 'jsonl' || output === 'yaml';
  if (asData && options.columns === undefined) await showData(terminal, item, output);
  else await showListing(terminal, [item], listingOf(kind), options);
  return EXIT_CODE.done;
}
