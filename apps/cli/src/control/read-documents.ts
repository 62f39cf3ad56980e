/** Documents from files, or from standard input where the file is `-`. */
import { readFile } from 'node:fs/promises';
import type { DesiredDocument, UserSpec } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface DocumentFromFile {
  readonly document: DesiredDocument;
  /** "job.yaml:3" */
  readonly source: string;
}

/** Standard input is read up to this; files are bounded by the parser. */
const BYTES_MAX = 64 * 1024 ** 2;
const FAULTS_SHOWN = 20;

/**
 * All documents are checked before any is given back. Addresses come first: a job is refused while what it reads is not
 * there. Users come last, and who may do everything before the others: after the first one, nobody else is let in who is
 * not one of them. @throws CommandError with each fault's file, line and place
 */
export async function readDocuments(
  terminal: Terminal,
  files: readonly string[],
): Promise<readonly DocumentFromFile[]> {
  const { describeFault, parseDocuments } = await import('@millrace/contract');
  const documents: DocumentFromFile[] = [];
  const faults: string[] = [];
  for (const file of files) {
    const name = file === '-' ? 'standard input' : file;
    const parsed = await parseDocuments(file === '-' ? await readInput(terminal) : await readFileOrExplain(file));
    for (const { document, line } of parsed.documents) documents.push({ document, source: `${name}:${line}` });
    for (const fault of parsed.faults) faults.push(describeFault(fault, name));
  }
  if (faults.length > 0) {
    const more = faults.length > FAULTS_SHOWN ? [`and ${faults.length - FAULTS_SHOWN} more`] : [];
    throw new CommandError(`nothing was applied: ${counted(faults.length, 'fault')} in the documents`, {
      where: [...faults.slice(0, FAULTS_SHOWN), ...more],
    });
  }
  if (documents.length === 0) throw new CommandError(`there is no document in ${files.join(', ')}`);
  return documents.sort((left, right) => orderOf(left) - orderOf(right));
}

function orderOf(from: DocumentFromFile): number {
  const { kind, spec } = from.document;
  switch (kind) {
    case 'Address':
      return 0;
    case 'Job':
      return 1;
    case 'User':
      return managesAll(spec) ? 2 : 3;
  }
}

/** As `isAdministrator` of the contract, which is not loaded for this. */
function managesAll(spec: UserSpec): boolean {
  return (
    spec.enabled && spec.permissions.some(({ verbs, addresses }) => verbs.includes('manage') && addresses.includes('#'))
  );
}

async function readFileOrExplain(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') throw new CommandError(`there is no file "${file}"`, { cause: error });
    if (code === 'EISDIR') throw new CommandError(`"${file}" is a folder`, { hint: `-f ${file}/*.yaml`, cause: error });
    throw new CommandError(`"${file}" cannot be read: ${code ?? error}`, { cause: error });
  }
}

async function readInput(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of terminal.input) {
    const buffer = Buffer.from(chunk as Uint8Array);
    bytes += buffer.length;
    if (bytes > BYTES_MAX) throw new CommandError(`standard input holds more than ${BYTES_MAX / 1024 ** 2} MiB`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
