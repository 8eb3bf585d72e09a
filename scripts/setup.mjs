/**
 * Makes a bare clone ready: packages installed as the lock file says, TypeScript compiled.
 *
 * This file must run before anything is installed, so it uses Node alone. It writes to stderr only,
 * because the command that follows may promise one JSON document on stdout.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const installStamp = join(root, 'node_modules', '.posp-installed');
const buildStamp = join(root, 'dist', '.posp-built');
export const sourceFolders = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include;

/** Says one line to the person waiting. */
export function say(text) {
  process.stderr.write(`posp: ${text}\n`);
}

/** Runs a command with its output on stderr; true when it exited with 0. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  return result.status === 0;
}

/** Installs the packages when node_modules does not fit the lock file or this Node. */
export function install() {
  if (readStamp(installStamp) === wantedStamp()) return;
  say('installing packages (once; about a minute) …');
  if (installPackages()) return;
  say('npm could not install the packages. Is a package registry reachable? Its message is above.');
  process.exit(1);
}

/** Installs all packages anew; true when npm could. */
export function installPackages() {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const options = { env: npmEnvironment() };
  // Some registry mirrors lack optional packages of other platforms, and `npm ci` then refuses.
  const installed =
    run(npm, ['ci', ...quiet], options) || run(npm, ['install', '--no-save', ...quiet], options);
  if (installed) writeFileSync(installStamp, wantedStamp());
  return installed;
}

/** What the installed packages have to fit. */
function wantedStamp() {
  return hashOf([
    readFileSync(join(root, 'package-lock.json')),
    process.versions.modules,
    process.platform,
    process.arch,
  ]);
}

/**
 * The environment in which npm builds what has no ready binary. Node's own header files are beside
 * it more often than the site that has them can be reached.
 */
function npmEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  const header = join(prefix, 'include', 'node', 'node_version.h');
  const major = process.versions.node.split('.')[0];
  const fits = existsSync(header) && saysMajor(readFileSync(header, 'utf8'), major);
  return fits ? { npm_config_nodedir: prefix, ...process.env } : process.env;
}

function saysMajor(header, major) {
  return new RegExp(`NODE_MAJOR_VERSION ${major}\\b`).test(header);
}

/** Compiles when a source file is newer than, missing from, or gone since the last build. */
export function build() {
  const wanted = hashOf(sourceFiles().map((path) => `${path} ${stampOf(path)}`));
  if (readStamp(buildStamp) === wanted) return;
  say('compiling TypeScript …');
  removeOrphans();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!run(process.execPath, [compiler, '-p', root])) {
    say('the TypeScript compiler found errors; they are above.');
    process.exit(1);
  }
  // The compiler writes plain files; `npx posp` starts this one as a program.
  chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
  writeFileSync(buildStamp, wanted);
}

/** Compiled files whose source is gone would still be found by imports and by the test runner. */
function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { recursive: true })) {
    const path = String(entry);
    if (path.endsWith('.js') && !existsSync(join(root, path.replace(/\.js$/, '.ts')))) {
      rmSync(join(dist, path));
    }
  }
}

function sourceFiles() {
  const files = [join(root, 'tsconfig.json')];
  for (const folder of sourceFolders) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true })) {
      const path = String(entry);
      if (path.endsWith('.ts') || path.endsWith('.json')) files.push(join(root, folder, path));
    }
  }
  return files.sort();
}

function stampOf(path) {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs} ${size}`;
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest('hex');
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
