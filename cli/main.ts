#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT } from './command.ts';

/** The `posp` command: each sub-command is one file of this folder. */
function buildProgram(): Command {
  const program = new Command('posp');
  program
    .description('Transaction switch with the ledger inside it (医疗一卡通 POSP 前置与账务)')
    .showHelpAfterError('(add --help for an example)')
    .exitOverride();
  return program;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
