/** `npm run bench -- --json --only codec|hsm|ledger|switch|reconcile --seconds N`: runs and prints the benchmarks. */
import { EXIT } from '../cli/command.ts';
import { PospCommand } from '../cli/posp-command.ts';
import { formatTable } from '../cli/table.ts';
import type { Benchmark, BenchmarkLine } from './benchmark.ts';

/** Each benchmark is one file, loaded when it is asked for. */
const BENCHMARKS: Record<string, () => Promise<Benchmark>> = {
  codec: async () => (await import('./codec.ts')).benchmark,
  hsm: async () => (await import('./hsm.ts')).benchmark,
  invoicing: async () => (await import('./invoicing.ts')).benchmark,
  ledger: async () => (await import('./ledger.ts')).benchmark,
  empi: async () => (await import('./empi.ts')).benchmark,
  switch: async () => (await import('./switch.ts')).benchmark,
  reconcile: async () => (await import('./reconcile.ts')).benchmark,
};

const names = Object.keys(BENCHMARKS);
const { json, chosen, seconds } = optionsOf(process.argv);

const results: Record<string, BenchmarkLine[]> = {};
for (const name of chosen) {
  const benchmark = await BENCHMARKS[name]!();
  results[name] = await benchmark({
    seconds,
    progress: (text) => process.stderr.write(`bench: ${name}: ${text} …\n`),
  });
  if (!json) process.stdout.write(`\n${name}\n${table(results[name])}\n`);
}
if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit(0);

/** Ends the process with 2 and one line on stderr when they make no sense. */
function optionsOf(argv: readonly string[]) {
  const program = new PospCommand('bench')
    .description('Measures posp, each figure beside its baseline of the same run')
    .option('--json', 'print one JSON document')
    .option('--only <names>', `comma separated: ${names.join(', ')}`)
    .option('--seconds <number>', 'how long each line measures', '2')
    .addHelpText('after', '\nExample:\n  $ npm run bench -- --only codec,ledger --seconds 5\n')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage))
    .parse(argv);
  const given = program.opts<{ json?: boolean; only?: string; seconds: string }>();
  const chosen = given.only?.split(',') ?? names;
  const unknown = chosen.find((name) => BENCHMARKS[name] === undefined);
  if (unknown !== undefined) {
    program.error(`there is no benchmark ${unknown}; there are: ${names.join(', ')}`);
  }
  const seconds = Number(given.seconds);
  if (!(seconds > 0 && seconds < Number.POSITIVE_INFINITY)) {
    program.error(`--seconds: expected a number above 0, not ${given.seconds}`);
  }
  return { json: given.json === true, chosen, seconds };
}

function table(lines: BenchmarkLine[]): string {
  return formatTable(
    [
      'what',
      'value',
      'unit',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'ratio',
      'at least',
      'at most',
      'aim',
      'to',
    ],
    lines.map(({ name, value, unit, latencyMs, ratio, target, baseline }) => [
      name,
      figure(value),
      unit,
      latencyMs ? latencyMs.p50.toFixed(3) : '',
      latencyMs ? latencyMs.p99.toFixed(3) : '',
      latencyMs?.p999?.toFixed(3) ?? '',
      ratio === undefined ? '' : ratio.toFixed(2),
      target !== undefined && 'atLeast' in target ? String(target.atLeast) : '',
      target !== undefined && 'atMost' in target ? String(target.atMost) : '',
      target !== undefined && 'aim' in target ? String(target.aim) : '',
      baseline === undefined ? '' : `${baseline.name}: ${figure(baseline.value)}`,
    ]),
    ['left', 'right', 'left', ...Array<'right'>(7).fill('right'), 'left'],
  );
}

function figure(value: number): string {
  const digits = Math.abs(value) < 100 ? 2 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
