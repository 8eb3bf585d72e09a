/**
 * The system packages that tests use: PKCS#11 tokens, and what compiles their Node binding.
 * On Debian as root they are installed; elsewhere one line says what to install.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installPackages, root, run, say } from './setup.mjs';

const libraryFolders = [
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  `/usr/lib/${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch}-linux-gnu`,
];

/** What is looked for, by the name that `--hsm` uses, and the Debian package that brings it. */
const tokens = {
  nss: {
    package: 'libnss3',
    files: libraryFolders.flatMap((folder) => [
      join(folder, 'libsoftokn3.so'),
      join(folder, 'nss', 'libsoftokn3.so'),
    ]),
  },
  softhsm: {
    package: 'softhsm2',
    files: libraryFolders.flatMap((folder) => [
      join(folder, 'softhsm', 'libsofthsm2.so'),
      join(folder, 'libsofthsm2.so'),
    ]),
  },
};

const canInstall =
  process.platform === 'linux' && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;

/** Installs the PKCS#11 modules of these names when they are missing and can be installed. */
export function provideTokens(names) {
  const missing = names.filter((name) => tokens[name] && !tokens[name].files.some(existsSync));
  if (missing.length > 0) provide(missing.map((name) => tokens[name].package));
  provideBinding();
}

/** pkcs11js is an optional package: without a C++ compiler npm leaves it out in silence. */
function provideBinding() {
  if (hasBinding()) return;
  provide(['g++', 'make', 'python3']);
  say('building pkcs11js, the PKCS#11 binding …');
  if (!installPackages() || !hasBinding())
    say('pkcs11js could not be built: only the software provider works.');
}

function hasBinding() {
  try {
    createRequire(join(root, 'package.json'))('pkcs11js');
    return true;
  } catch {
    return false;
  }
}

function provide(packages) {
  if (!canInstall) {
    say(`please install these packages of your system: ${packages.join(' ')}`);
    return;
  }
  say(`installing system packages: ${packages.join(' ')} …`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { stdio: ['ignore', 'ignore', 2], env: environment };
  const installed =
    run('apt-get', ['update', '-qq'], quiet) &&
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
  if (!installed)
    say(`apt-get could not install ${packages.join(' ')}; what needs them will say so.`);
}
