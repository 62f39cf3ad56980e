/** `millrace spark status`: each process of the local cluster, and whether it is well. */
import { existsSync, realpathSync } from 'node:fs';
import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import { clusterDirectory, defaultClusterDirectory } from '../spark/cluster-directory.js';
import { type ClusterReport, type ProcessReport, reportOf } from '../spark/cluster-report.js';
import { readState } from '../spark/state-file.js';
import type { Terminal } from '../terminal.js';
import { byteSize } from '../text/byte-size.js';
import { type Column, formatTable } from '../text/table.js';

export interface SparkStatusOptions {
  readonly directory?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

const COLUMNS: readonly Column<ProcessReport>[] = [
  { title: 'PROCESS', value: ({ name }) => name },
  { title: 'PID', value: ({ pid }) => pid, align: 'right' },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'PORT', value: ({ port }) => port ?? undefined, align: 'right' },
  { title: 'URL', value: ({ url }) => url ?? undefined },
  { title: 'UPTIME', value: ({ uptimeSeconds }) => duration(uptimeSeconds), align: 'right' },
  { title: 'MEMORY', value: ({ residentBytes }) => memory(residentBytes), align: 'right' },
];

export async function sparkStatus(terminal: Terminal, options: SparkStatusOptions): Promise<ExitCode> {
  const path = options.directory ?? defaultClusterDirectory(terminal.environment);
  const state = existsSync(path) ? readState(clusterDirectory(path).stateFile) : undefined;
  if (state === undefined) {
    throw new CommandError('no Spark runs there', {
      exitCode: EXIT_CODE.notFound,
      where: [path],
      hint: 'millrace spark up',
    });
  }
  const report = await reportOf(state, clusterDirectory(realpathSync(path)));
  if (options.output === 'table') terminal.data(tableOf(report, terminal.columns));
  else await showData(terminal, report, options.output);
  if (report.state === 'running') return EXIT_CODE.done;
  for (const { name, reason } of report.processes) if (reason !== null) terminal.note(`${name}: ${reason}`);
  return EXIT_CODE.failed;
}

function tableOf(report: ClusterReport, maxWidth: number | undefined): string {
  const { checkpoints, connectUrl, processes, state } = report;
  return `${formatTable(COLUMNS, processes, { maxWidth })}${state}: ${connectUrl}, checkpoints in ${checkpoints}\n`;
}

function memory(bytes: number | null): string | undefined {
  return bytes === null ? undefined : byteSize(bytes);
}

/** "12 s", "3 min", "5 h 20 min", "2 d 4 h". */
export function duration(seconds: number | null): string | undefined {
  if (seconds === null) return undefined;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
