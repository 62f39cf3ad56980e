/** The main job's rows alone: `node bench/main-job.mjs [--rounds N] [--seconds N] [--quick]`, the same as `run.mjs --rows job`. */
process.argv.push('--rows', 'job');
await import('./run.mjs');
