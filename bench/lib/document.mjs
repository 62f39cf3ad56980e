/** docs/reference/benchmarks.md, which two programs write: `run.mjs` all but the section of Spark, `spark.mjs` that. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDirectory } from './processes.mjs';

export const documentPath = join(rootDirectory, 'docs/reference/benchmarks.md');
export const SPARK_HEADING = '## Spark connector';

/** Text of the section from its heading to the next one; empty when there is none. */
function sectionOf(text) {
  const start = text.indexOf(`${SPARK_HEADING}\n`);
  if (start < 0) return '';
  const next = text.indexOf('\n## ', start);
  return next < 0 ? text.slice(start) : text.slice(start, next + 1);
}

/** @returns the text with this section in place of the one of Spark, at its end */
export function withSection(text, section) {
  const rest = text.replace(sectionOf(text), '').trimEnd();
  return section === '' ? `${rest}\n` : `${rest}\n\n${section.trimEnd()}\n`;
}

/** @returns the text with the section of Spark as the document has it now */
export function withKeptSection(text) {
  return withSection(text, existsSync(documentPath) ? sectionOf(readFileSync(documentPath, 'utf8')) : '');
}
