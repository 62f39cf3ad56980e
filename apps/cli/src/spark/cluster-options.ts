/** What a local cluster can be told, and what it is without. */

export interface ClusterPorts {
  readonly master: number;
  readonly masterUi: number;
  /** Of the first worker; the others take the ports after it. */
  readonly workerUi: number;
  readonly connect: number;
  /** Spark's own page about the application: queries, stages, executors. */
  readonly ui: number;
}

/** 8080 is Millrace's, so the pages of master and worker are beside it. */
export const DEFAULT_PORTS: ClusterPorts = {
  master: 7077,
  masterUi: 8081,
  workerUi: 8082,
  connect: 15002,
  ui: 4040,
};

/** The flag that sets each, for messages. */
export const PORT_FLAGS: Readonly<Record<keyof ClusterPorts, string>> = {
  master: '--master-port',
  masterUi: '--master-ui-port',
  workerUi: '--worker-ui-port',
  connect: '--connect-port',
  ui: '--ui-port',
};

export interface ClusterSize {
  readonly workers: number;
  /** Of each worker. */
  readonly cores: number;
  /** Of each worker: its one executor's heap. */
  readonly memoryMebibytes: number;
}

export const DEFAULT_SIZE: ClusterSize = { workers: 1, cores: 2, memoryMebibytes: 1024 };

/** Spark refuses to start an executor or a driver with less than 450 MB. */
export const MEMORY_MEBIBYTES_MIN = 512;
/** More than that is no trial on one machine. */
export const WORKERS_MAX = 16;
export const CORES_MAX = 256;

export const LOOPBACK = '127.0.0.1';
