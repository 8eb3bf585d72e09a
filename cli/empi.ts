import type { Command } from 'commander';
import { addLinkCommand } from './empi/link.ts';
import { addLoadCommand } from './empi/load.ts';
import { addTrainCommand } from './empi/train.ts';

export function addEmpiCommand(program: Command): void {
  const empi = program
    .command('empi')
    .description('Patient index: who is who (居民主索引)')
    .addHelpText('after', '\nExample:\n  $ posp empi link patients.csv --out pairs.csv\n');
  addLinkCommand(empi);
  addTrainCommand(empi);
  addLoadCommand(empi);
}
