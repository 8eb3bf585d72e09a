import type { Command } from 'commander';
import { addLinkCommand } from './empi/link.ts';
import { addTrainCommand } from './empi/train.ts';

export function addEmpiCommand(program: Command): void {
  const empi = program.command('empi').description('Patient index: who is who (居民主索引)');
  addLinkCommand(empi);
  addTrainCommand(empi);
}
