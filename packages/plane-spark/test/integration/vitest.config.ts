import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// One Java server at a time, and generous times: a cold Spark on a busy machine is slow.
export default defineConfig({
  root: join(import.meta.dirname, '../../../..'),
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['packages/plane-spark/test/integration/*.suite.ts'],
    testTimeout: 480_000,
    hookTimeout: 240_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
