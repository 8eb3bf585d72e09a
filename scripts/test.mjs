/** The whole suite: format and lint, the import rule, then every compiled test under tap. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, say, sourceFolders } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Static checks: cheap, and a wrong import is easier to read here than in a failing test. */
export function check() {
  say('checking format, lint and the import rule …');
  const folders = sourceFolders.filter((folder) => existsSync(join(root, folder)));
  const clean = run(bin('biome'), ['check', '.']);
  const ruled = run(bin('depcruise'), ['--config', '.dependency-cruiser.mjs', ...folders]);
  return clean && ruled;
}

/** Runs the tests whose path contains one of the words, or all of them. Returns an exit code. */
export function test(words) {
  const checked = words.length > 0 || check();
  const wanted = (file) => words.length === 0 || words.some((word) => file.includes(word));
  const files = testFiles().filter(wanted);
  if (files.length === 0) {
    say('no test file matches');
    return 1;
  }
  const output = join(root, '.tap', 'posp.tap');
  mkdirSync(join(root, '.tap'), { recursive: true });
  rmSync(output, { force: true });
  const options = ['--disable-coverage', '--allow-empty-coverage', '--reporter=terse', '--jobs=2'];
  const tap = spawnSync(
    bin('tap'),
    ['run', ...options, '--timeout=900', `--output-file=${output}`, ...files],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const { total, fail } = totalsOf(output);
  process.stdout.write(`\n${total - fail} passed, ${fail} failed\n`);
  return checked && tap.status === 0 && total > 0 ? 0 : 1;
}

function testFiles() {
  return readdirSync(join(root, 'dist', 'test'), { recursive: true })
    .map((path) => join('dist', 'test', String(path)))
    .filter((path) => path.endsWith('.test.js'))
    .sort();
}

/** Reads the closing comment of the TAP stream, e.g. `# { total: 12, pass: 11, fail: 1 }`. */
function totalsOf(path) {
  const stream = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const closing = stream.slice(stream.lastIndexOf('\n# {'));
  const count = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(closing)?.[1] ?? 0);
  return { total: count('total'), fail: count('fail') };
}
