import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Chevrotain, read from the single file that its package ships beside the modules. The package's entry pulls in all of
 * lodash-es, some 300 files: over 200 ms and 30 MB, where the single file takes 10 ms and 4 MB (docs/adr/0003). The
 * package exports the entry only, so the file is found beside it.
 */

type Chevrotain = typeof import('chevrotain');

async function load(): Promise<Chevrotain> {
  const entry = pathToFileURL(createRequire(import.meta.url).resolve('chevrotain'));
  const file = new URL('../chevrotain.mjs', entry);
  try {
    return (await import(file.href)) as Chevrotain;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return import('chevrotain');
  }
}

export const { createToken, EmbeddedActionsParser, Lexer } = await load();
