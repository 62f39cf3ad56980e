/**
 * What `npm start` and `npm test` need before they can run: a Node.js that is new enough, the installed packages and the
 * built sources. Each step is done only when something is missing or changed. Plain Node, no dependencies: this runs on
 * a fresh clone. Nothing here writes to standard output, which belongs to the program that follows.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_MINIMUM = [20, 19];
const BUILD_STAMP = join(ROOT, '.cache', 'build-stamp');
/** Files beside the sources whose change makes a build necessary. */
const BUILD_SETTINGS = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'];

/** A step that failed; its own output on standard error has said why. */
export class StepFailed extends Error {
  constructor(message, exitCode) {
    super(message);
    this.name = 'StepFailed';
    this.exitCode = exitCode;
  }
}

export function note(line) {
  process.stderr.write(`${line}\n`);
}

/** @returns a sentence when this Node.js is too old, else undefined */
export function nodeComplaint(version) {
  const [major, minor] = version.split('.').map(Number);
  const newEnough = major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
  if (newEnough) return undefined;
  return `Millrace needs Node.js ${NODE_MINIMUM.join('.')} or newer; this is ${version}. See https://nodejs.org/ for a newer one.`;
}

/**
 * Runs a program with its standard output on our standard error, unless told otherwise, and passes signals on.
 * @returns its exit code, or 128 + the signal's number
 */
export function run(command, argumentList, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argumentList, {
      cwd: ROOT,
      stdio: ['ignore', options.stdout ?? 2, 2],
      env: { ...process.env, ...options.environment },
      shell: process.platform === 'win32',
    });
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

/** The script of a package's executable, to be run with `process.execPath`: no shell wrapper, same on each system. */
export function executable(packageName, name) {
  const folder = join(ROOT, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

export async function prepare() {
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== undefined) throw new StepFailed(complaint, 1);
  await install();
  await build();
}

async function install() {
  if (isInstalled()) return;
  note('Installing packages (npm install) …');
  // Not `npm ci`: it refuses a lock file that lacks a binary package of some other platform, and a registry mirror may not
  // have them all when the lock is made. This too installs the locked versions, and with --no-save it leaves the lock as it
  // is. The repository's .npmrc silences npm, so that `npm start` prints data alone; here its errors are wanted.
  const code = await run('npm', ['install', '--no-save', '--loglevel=notice', '--no-fund', '--no-audit']);
  if (code !== 0) throw new StepFailed(`npm install failed with exit code ${code}; its output above says why.`, 1);
}

/** npm keeps a copy of the lock file as installed; equal versions in both mean that nothing is to be done. */
function isInstalled() {
  const wantedFile = join(ROOT, 'package-lock.json');
  const installedFile = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  if (statSync(installedFile).mtimeMs >= statSync(wantedFile).mtimeMs) return true;
  const wanted = JSON.parse(readFileSync(wantedFile, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    // Workspaces have no version of interest; optional packages may belong to another system.
    if (!path.includes('node_modules/') || entry.optional) return true;
    return installed[path] !== undefined && installed[path].version === entry.version;
  });
}

async function build() {
  const newest = newestSource();
  if (isBuilt(newest)) return;
  const startedAt = Date.now();
  note('Building …');
  const code = await run(process.execPath, [executable('typescript', 'tsc'), '-b']);
  if (code !== 0) throw new StepFailed('The build failed; the errors stand above.', 1);
  mkdirSync(dirname(BUILD_STAMP), { recursive: true });
  writeFileSync(BUILD_STAMP, String(newest));
  note(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}

function isBuilt(newest) {
  if (!existsSync(BUILD_STAMP) || Number(readFileSync(BUILD_STAMP, 'utf8')) !== newest) return false;
  return projects().every((project) => existsSync(join(project, 'dist', '.tsbuildinfo')));
}

/** Newest change among all sources and settings, ms. Folders count too: their time changes when a file goes away. */
function newestSource() {
  let newest = 0;
  const visit = (path) => {
    const status = statSync(path);
    newest = Math.max(newest, status.mtimeMs);
    if (!status.isDirectory()) return;
    for (const entry of readdirSync(path)) visit(join(path, entry));
  };
  for (const name of BUILD_SETTINGS) visit(join(ROOT, name));
  for (const project of projects()) {
    visit(join(project, 'src'));
    visit(join(project, 'tsconfig.json'));
    visit(join(project, 'package.json'));
  }
  return newest;
}

function projects() {
  const { references } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  return references.map(({ path }) => join(ROOT, path));
}
