#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './command.ts';
import { buildProgram } from './program.ts';

// Whoever reads our output may have seen enough: `posp ledger journal | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  const program = await buildProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
