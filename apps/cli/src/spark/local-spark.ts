/** A local cluster for as long as this process wants it: it ends with this process, however that ends. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterDirectory } from './cluster-directory.js';
import { type ClusterSize, DEFAULT_SIZE } from './cluster-options.js';
import { endProcesses } from './cluster-processes.js';
import { startCluster } from './start-cluster.js';

export interface LocalSparkOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lines for people. */
  readonly say: (line: string) => void;
  /** Aborted while it is started: what was started is ended, and it throws. */
  readonly signal: AbortSignal;
  /** Default: one worker with two cores and 1 GiB. */
  readonly size?: ClusterSize;
  /** Default: the one of the checkout, built when it is missing. */
  readonly jar?: string | undefined;
}

export interface LocalSpark {
  /** "sc://127.0.0.1:15002" */
  readonly connectUrl: string;
  readonly uiUrl: string;
  /** On the same machine as the driver; gone after `stop`. */
  readonly checkpointsDirectory: string;
  /** Ends all its processes, waits until they have, and removes its files. */
  stop(): Promise<void>;
}

const ANY_PORT = { master: 0, masterUi: 0, workerUi: 0, connect: 0, ui: 0 } as const;
/** Nobody needs what it would still write. */
const PATIENCE_MS = 3000;

/** @throws CommandError with what is missing, or with the reason out of a log */
export async function startLocalSpark(options: LocalSparkOptions): Promise<LocalSpark> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-spark-')));
  const remove = () => rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  try {
    const { environment, jar, say, signal } = options;
    const size = options.size ?? DEFAULT_SIZE;
    const state = await startCluster({
      directory: root,
      tie: 'attached',
      ports: ANY_PORT,
      size,
      environment,
      jar,
      say,
      signal,
    });
    return {
      connectUrl: state.connectUrl,
      uiUrl: `http://127.0.0.1:${state.ports.ui}`,
      checkpointsDirectory: clusterDirectory(root).checkpoints,
      stop: async () => {
        await endProcesses(state.processes, { root, patienceMs: PATIENCE_MS });
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
