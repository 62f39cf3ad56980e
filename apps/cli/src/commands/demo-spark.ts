/** The Spark that a demo runs on: one that runs already, or one of its own that ends with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usageError } from '../command-error.js';
import { startLocalSpark } from '../spark/local-spark.js';
import type { Terminal } from '../terminal.js';
import { type ProcessingOptions, type SparkProcessing, settingsOf } from './spark-processing.js';

export interface DemoSpark {
  readonly processing: SparkProcessing;
  /** Ends and removes what was made for the demo. */
  stop(): Promise<void>;
}

/** @throws CommandError with what is missing */
export async function openDemoSpark(
  terminal: Terminal,
  options: ProcessingOptions & { readonly sparkJar?: string },
  signal: AbortSignal,
): Promise<DemoSpark> {
  if (options.spark !== undefined) return runningSpark(options, options.spark);
  const say = (line: string) => terminal.note(line);
  const spark = await startLocalSpark({ environment: terminal.environment, say, signal, jar: options.sparkJar });
  const checkpoints = options.sparkCheckpoints ?? spark.checkpointsDirectory;
  terminal.note(`Jobs run on Spark at ${spark.connectUrl}; its page is ${spark.uiUrl}`);
  return { processing: demoSettings(options, spark.connectUrl, checkpoints), stop: spark.stop };
}

const LOOPBACK_URL = /^sc:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/;

function runningSpark(options: ProcessingOptions, connect: string): DemoSpark {
  if (options.sparkCheckpoints !== undefined) {
    return { processing: demoSettings(options, connect, options.sparkCheckpoints), stop: async () => {} };
  }
  if (!LOOPBACK_URL.test(connect)) {
    throw usageError(
      'a Spark on another machine needs a place for checkpoints',
      '--spark-checkpoints /data/checkpoints, a directory as the driver of Spark sees it',
    );
  }
  const checkpoints = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
  return {
    processing: demoSettings(options, connect, checkpoints),
    stop: async () => rmSync(checkpoints, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The demo's documents live in memory: nobody would ever stop a query that stayed. */
function demoSettings(options: ProcessingOptions, connect: string, checkpoints: string): SparkProcessing {
  return { ...settingsOf(options, { connect, checkpoints }), whenClosed: 'stop' };
}
