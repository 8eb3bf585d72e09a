import type { Command } from 'commander';
import { PospCommand } from './posp-command.ts';

type AddCommand = (program: Command) => void;

/** The sub-commands in the order of the help; each is one file, loaded only when it is needed. */
const COMMANDS: Record<string, () => Promise<AddCommand>> = {
  demo: async () => (await import('./demo.ts')).addDemoCommand,
  serve: async () => (await import('./serve.ts')).addServeCommand,
  reload: async () => (await import('./reload.ts')).addReloadCommand,
  terminal: async () => (await import('./terminal.ts')).addTerminalCommand,
  host: async () => (await import('./host.ts')).addHostCommand,
  trace: async () => (await import('./trace.ts')).addTraceCommand,
  saf: async () => (await import('./saf.ts')).addSafCommand,
  control: async () => (await import('./control.ts')).addControlCommand,
  ledger: async () => (await import('./ledger.ts')).addLedgerCommand,
  api: async () => (await import('./api.ts')).addApiCommand,
  module: async () => (await import('./module.ts')).addModuleCommand,
  clearing: async () => (await import('./clearing.ts')).addClearingCommand,
  reconcile: async () => (await import('./reconcile.ts')).addReconcileCommand,
  decode: async () => (await import('./decode.ts')).addDecodeCommand,
  encode: async () => (await import('./encode.ts')).addEncodeCommand,
  explain: async () => (await import('./explain.ts')).addExplainCommand,
  crypto: async () => (await import('./crypto.ts')).addCryptoCommand,
  invoice: async () => (await import('./invoice.ts')).addInvoiceCommand,
  hsm: async () => (await import('./hsm.ts')).addHsmCommand,
  empi: async () => (await import('./empi.ts')).addEmpiCommand,
};

/** The `posp` command with the one sub-command that is asked for, or with all of them for the help. */
export async function buildProgram(wanted: string | undefined): Promise<Command> {
  const program = new PospCommand('posp');
  program
    .description('Transaction switch with the ledger inside it (医疗一卡通 POSP 前置与账务)')
    .addHelpText(
      'after',
      '\nExample:\n  $ posp serve\n  $ posp terminal purchase --amount 12.50 --pin 123456\n',
    )
    .exitOverride();
  const known = wanted === undefined ? undefined : COMMANDS[wanted];
  const loaders = known === undefined ? Object.values(COMMANDS) : [known];
  for (const load of loaders) (await load())(program);
  return program;
}
