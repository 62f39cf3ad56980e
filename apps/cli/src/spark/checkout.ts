/** A checkout of this repository, where the connector can be built and pyspark is installed once for all suites. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Files that make a directory the checkout: an installed package has no connector beside it. */
const MARKS = ['connectors/spark-amqp/pom.xml', 'conformance/spark-sql/environment.mjs'] as const;

/** @returns its directory, or undefined when this program was installed from a registry */
export function findCheckout(from: string = import.meta.dirname): string | undefined {
  // apps/cli/src/spark and apps/cli/dist/spark are equally deep.
  const directory = resolve(from, '../../../..');
  return MARKS.every((mark) => existsSync(join(directory, mark))) ? directory : undefined;
}
