/** `millrace doctor`: looks at everything that usually is the cause, and says what helps. */

import { CommandError } from '../command-error.js';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { type Finding, fault } from '../doctor/finding.js';
import { checkData, checkNode, checkOpenFiles, checkPort } from '../doctor/machine.js';
import { checkServer } from '../doctor/server.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface DoctorOptions extends ControlOptions {
  readonly config?: string;
  readonly data?: string;
  readonly output: 'text' | 'json' | 'yaml';
}

export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<ExitCode> {
  const findings: Finding[] = [checkNode(process.version)];
  const files = await checkOpenFiles();
  if (files !== undefined) findings.push(files);
  const { findings: ofServer, ports } = await checkServer(await openControlClient(terminal, options), options.server);
  findings.push(...ofServer, ...(await checkSettings(terminal, options, ports)));
  if (options.output === 'text') for (const finding of findings) terminal.data(textOf(finding));
  else await showData(terminal, findings, options.output);
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  terminal.note(`${counted(count('fault'), 'fault')}, ${counted(count('warning'), 'warning')}, ${count('well')} well.`);
  return count('fault') > 0 ? EXIT_CODE.failed : EXIT_CODE.done;
}

async function checkSettings(
  terminal: Terminal,
  { config, data }: DoctorOptions,
  ours: ReadonlySet<number>,
): Promise<readonly Finding[]> {
  const flags = data === undefined ? {} : { 'data.directory': data };
  const sources: ConfigurationOptions = config === undefined ? { flags } : { config, flags };
  try {
    const { configuration } = await loadConfiguration(terminal, sources);
    const { amqp, host, http, mqtt } = configuration;
    const ports: Finding[] = [];
    for (const [setting, port] of [
      ['amqp.port', amqp.port],
      ['mqtt.port', mqtt.port],
      ['http.port', http.port],
    ] as const) {
      ports.push(await checkPort(setting, port, { host, ours }));
    }
    return [...ports, ...(await checkData(configuration.data.directory))];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [fault('configuration', [error.message, ...error.where].join('; '), 'millrace config check')];
  }
}

const MARKS = { well: 'ok     ', warning: 'warning', fault: 'FAULT  ' } as const;

function textOf({ check, detail, fix, state }: Finding): string {
  return `${MARKS[state]}  ${check}: ${detail}\n${fix === undefined ? '' : `         try: ${fix}\n`}`;
}
