import type { Client } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Item, ResourceKind } from './kinds.js';

/** The named one. @throws CommandError not found, with the nearest name that there is */
export async function getItem(client: Client, kind: ResourceKind, name: string): Promise<Item> {
  try {
    return await kind.get(client, name);
  } catch (error) {
    const { ProblemError, closest } = await import('@millrace/contract');
    if (!(error instanceof ProblemError) || error.problem.status !== 404) throw error;
    const names = (await kind.list(client)).map(kind.nameOf);
    const near = closest(name, names);
    throw new CommandError(`there is no ${kind.name} "${name}"`, {
      exitCode: EXIT_CODE.notFound,
      hint: near === undefined ? `millrace get ${kind.aliases[0]}` : `did you mean "${near}"?`,
      cause: error,
    });
  }
}
