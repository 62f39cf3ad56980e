/** Makes what a cluster needs, and starts master, workers and Connect server. All of it runs afterwards, or none. */
import { copyFileSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCheckout } from './checkout.js';
import { type ClusterDirectory, clusterDirectory, defaultClusterDirectory } from './cluster-directory.js';
import { type ClusterPorts, type ClusterSize, LOOPBACK } from './cluster-options.js';
import { endProcesses } from './cluster-processes.js';
import {
  type Component,
  type ComponentSettings,
  connectComponent,
  masterComponent,
  workerComponent,
} from './components.js';
import { ensureConnectorJar } from './connector-jar.js';
import { checkJava } from './java.js';
import { type Launched, launch, type Tie, untilReady } from './launch.js';
import { checkMemory } from './memory.js';
import { choosePorts } from './ports.js';
import { ensureSpark, pythonOf } from './python-environment.js';
import { connectSettings, writeSettings } from './spark-settings.js';
import { type ClusterState, removeState, STATE_VERSION, type StartedProcess, writeState } from './state-file.js';
import { createStep, type Step } from './step.js';

export interface ClusterRequest {
  readonly directory: string;
  readonly tie: Tie;
  readonly ports: ClusterPorts;
  readonly size: ClusterSize;
  /** Default: the one of the checkout. */
  readonly jar?: string | undefined;
  /** Default: Connect asks for none. */
  readonly token?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted: what was started is ended. */
  readonly signal: AbortSignal;
  /** Lines for people. */
  readonly say: (line: string) => void;
}

/** @throws CommandError with what is missing, or with the reason out of a log */
export async function startCluster(request: ClusterRequest): Promise<ClusterState> {
  const step = createStep(request.say, request.signal);
  const checkout = findCheckout();
  checkJava(request.environment);
  // Before minutes of installing; chosen below, as others may take them meanwhile.
  await choosePorts(request.ports, request.size.workers);
  const warning = checkMemory(request.size);
  if (warning !== undefined) request.say(warning);
  const directory = prepareDirectory(request.directory);
  const python = pythonEnvironment(request, checkout, directory);
  const sparkHome = await ensureSpark(python, step);
  const built = await ensureConnectorJar({ given: request.jar, checkout }, step);
  // A copy: another build of it would break the Java processes that have it open.
  const jar = join(directory.root, 'spark-amqp.jar');
  copyFileSync(built, jar);
  const ports = await choosePorts(request.ports, request.size.workers);
  const { size, token, environment } = request;
  writeSettings(directory, connectSettings(directory, { ports, size, jar }));
  const settings = { directory, sparkHome, python: pythonOf(python), ports, size, token, environment };
  return await startComponents(request, settings, { jar, step });
}

/** In a checkout the environment of its suites; else one beside all clusters, or beside this one when that is elsewhere. */
function pythonEnvironment(request: ClusterRequest, checkout: string | undefined, directory: ClusterDirectory): string {
  if (checkout !== undefined) return join(checkout, '.cache/spark-sql-venv');
  if (request.tie === 'background') return directory.python;
  return clusterDirectory(defaultClusterDirectory(request.environment)).python;
}

function prepareDirectory(path: string): ClusterDirectory {
  mkdirSync(path, { recursive: true });
  // Real: processes are found by the directory in which they work.
  const directory = clusterDirectory(realpathSync(path));
  for (const disposable of [directory.logs, directory.work, directory.scratch]) {
    rmSync(disposable, { recursive: true, force: true });
    mkdirSync(disposable, { recursive: true });
  }
  mkdirSync(directory.checkpoints, { recursive: true });
  return directory;
}

async function startComponents(
  request: ClusterRequest,
  settings: ComponentSettings,
  made: { readonly jar: string; readonly step: Step },
): Promise<ClusterState> {
  const { directory } = settings;
  let state: ClusterState = {
    version: STATE_VERSION,
    phase: 'starting',
    startedAt: new Date().toISOString(),
    size: settings.size,
    ports: settings.ports,
    connectUrl: `sc://${LOOPBACK}:${settings.ports.connect}`,
    needsToken: request.token !== undefined,
    sparkHome: settings.sparkHome,
    jar: made.jar,
    processes: [],
  };
  const record = (change: Partial<ClusterState>) => {
    state = { ...state, ...change };
    writeState(directory.stateFile, state);
  };
  const start = (component: Component): Launched => {
    const launched = launch(component, directory.root, request.tie);
    record({ processes: [...state.processes, describe(launched)] });
    return launched;
  };
  const startedAt = performance.now();
  const task = made.step.begin(`starting Spark: master, ${workersText(settings.size.workers)}, Connect server`);
  try {
    record({});
    await untilReady(start(masterComponent(settings)), request.signal);
    const rest = Array.from({ length: settings.size.workers }, (_, index) => start(workerComponent(settings, index)));
    rest.push(start(connectComponent(settings)));
    await allReady(rest, request.signal);
    record({ phase: 'running' });
  } catch (error) {
    task.end();
    await endProcesses(state.processes, { root: directory.root, patienceMs: 3000 });
    removeState(directory.stateFile);
    throw error;
  }
  task.end();
  request.say(`Spark is ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  return state;
}

/** The first failure is the one that is told; nobody waits for the others then. */
async function allReady(launched: readonly Launched[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    await Promise.all(launched.map((each) => untilReady(each, either)));
  } finally {
    stop.abort();
  }
}

function describe({ component, identity }: Launched): StartedProcess {
  const { name, port, url, log } = component;
  return { ...identity, name, startedAt: new Date().toISOString(), port, url, log };
}

function workersText(workers: number): string {
  return workers === 1 ? 'worker' : `${workers} workers`;
}
