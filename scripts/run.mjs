/**
 * The door of every npm script: `node scripts/run.mjs demo|start|test|bench|build|check`.
 * It sets up what a bare clone lacks, then hands over, so that set-up is never a step of its own.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, install, root } from './setup.mjs';

const [task, ...words] = process.argv.slice(2);

install();
build();
switch (task) {
  case 'build':
    break;
  case 'check':
    process.exitCode = (await import('./test.mjs')).check() ? 0 : 1;
    break;
  case 'test':
    (await import('./system-packages.mjs')).provideTokens(['nss', 'softhsm']);
    process.exitCode = (await import('./test.mjs')).test(words);
    break;
  case 'demo':
    await provideWantedToken();
    handOver('cli/main.js', ['demo', ...words]);
    break;
  case 'start':
    handOver('cli/main.js', ['serve', ...words]);
    break;
  case 'bench':
    handOver('bench/main.js', words);
    break;
  default:
    process.stderr.write('usage: node scripts/run.mjs demo|start|test|bench|build|check\n');
    process.exitCode = 2;
}

/** `--hsm nss` and `--hsm softhsm` name a token that may still have to be installed. */
async function provideWantedToken() {
  const named = words.find((word) => word.startsWith('--hsm='))?.slice('--hsm='.length);
  const wanted = named ?? words[words.indexOf('--hsm') + 1];
  const asked = named !== undefined || words.includes('--hsm');
  if (asked) (await import('./system-packages.mjs')).provideTokens([wanted]);
}

/** Runs a compiled program in our place: same terminal, same signals, same exit code. */
function handOver(program, args) {
  const child = spawn(process.execPath, [join(root, 'dist', program), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  stopWithNpm(child);
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
}

/** npm that is told to stop ends and tells nobody: who started us is gone, and so is the work's reason. */
function stopWithNpm(child) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const { ppid } = process;
  setInterval(() => {
    if (process.ppid !== ppid) child.kill('SIGTERM');
  }, 500).unref();
}
