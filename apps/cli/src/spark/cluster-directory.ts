/** Where a local cluster keeps its files. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface ClusterDirectory {
  readonly root: string;
  /** Who runs, see state-file.ts. */
  readonly stateFile: string;
  /** Held while a cluster is started or stopped. */
  readonly lockFile: string;
  /** Settings that Spark reads: SPARK_CONF_DIR. */
  readonly settings: string;
  readonly logs: string;
  /** Of workers: jars and output of executors. */
  readonly work: string;
  /** Blocks and shuffles of driver and executors: SPARK_LOCAL_DIRS. */
  readonly scratch: string;
  /** Progress of jobs: kept when the cluster ends. */
  readonly checkpoints: string;
  /** Python with pyspark, where no checkout has one. */
  readonly python: string;
}

/** `$XDG_CACHE_HOME/millrace/spark`, else `~/.cache/millrace/spark`. The base directory specification ignores a relative one. */
export function defaultClusterDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment.XDG_CACHE_HOME;
  const base = given?.startsWith('/') === true ? given : join(environment.HOME ?? homedir(), '.cache');
  return join(base, 'millrace', 'spark');
}

export function clusterDirectory(directory: string): ClusterDirectory {
  const root = resolve(directory);
  return {
    root,
    stateFile: join(root, 'cluster.json'),
    lockFile: join(root, 'lock'),
    settings: join(root, 'settings'),
    logs: join(root, 'logs'),
    work: join(root, 'work'),
    scratch: join(root, 'scratch'),
    checkpoints: join(root, 'checkpoints'),
    python: join(root, 'python'),
  };
}
