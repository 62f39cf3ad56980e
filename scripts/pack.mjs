/**
 * `node scripts/pack.mjs [DIRECTORY]`: the command line as one npm package that needs nothing of this repository. Our own
 * packages are bundled into it, each command in a part of its own as before, so that it starts as fast; what comes from
 * npm stays a dependency, so that its fixes reach who has installed it. Prints the path of the package.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLI = join(ROOT, 'apps/cli');
const OURS = '@millrace/';
const target = resolve(process.argv[2] ?? join(ROOT, '.cache/pack'));
const stage = join(target, 'package');

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const manifest = read(join(CLI, 'package.json'));

/** What npm has to install, of the command line and of each of our packages that it uses, with the versions they ask for. */
function foreignDependencies() {
  const found = {};
  const seen = new Set();
  const visit = ({ dependencies = {} }) => {
    for (const [name, version] of Object.entries(dependencies)) {
      if (!name.startsWith(OURS)) {
        if (found[name] !== undefined && found[name] !== version) {
          throw new Error(`our packages ask for ${name} ${found[name]} and ${version}`);
        }
        found[name] = version;
      } else if (!seen.has(name)) {
        seen.add(name);
        visit(read(join(ROOT, 'packages', name.slice(OURS.length), 'package.json')));
      }
    }
  };
  visit(manifest);
  return Object.fromEntries(Object.entries(found).sort());
}

rmSync(stage, { recursive: true, force: true });
mkdirSync(join(stage, 'bin'), { recursive: true });
const dependencies = foreignDependencies();
await build({
  entryPoints: {
    main: join(CLI, 'dist/main.js'),
    terminal: join(CLI, 'dist/terminal.js'),
    'program/amqp-client-programs': join(CLI, 'dist/program/amqp-client-programs.js'),
  },
  outdir: join(stage, 'dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  chunkNames: 'part-[hash]',
  // Beside them: /foreign/subpath. Everything else is ours.
  external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
  legalComments: 'none',
  logLevel: 'warning',
});
for (const file of readdirSync(join(CLI, 'bin'))) {
  cpSync(join(CLI, 'bin', file), join(stage, 'bin', file));
  chmodSync(join(stage, 'bin', file), 0o755);
}
for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) cpSync(join(ROOT, file), join(stage, file));
const { devDependencies: _none, dependencies: _ours, exports: _exports, ...kept } = manifest;
const published = { ...kept, files: ['bin', 'dist', 'CHANGELOG.md'], dependencies };
writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
const packed = execFileSync('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', target], {
  cwd: stage,
  encoding: 'utf8',
});
console.log(join(target, JSON.parse(packed)[0].filename));
