import { defineConfig } from 'vitest/config';

// These suites start real server processes: one file after another, so that a busy machine does not fail them.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
