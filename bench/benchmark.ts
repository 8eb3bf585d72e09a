/** The shape every benchmark file of this folder has, so that `bench/main.ts` can run and print it. */

export interface BenchmarkOptions {
  /** How long each line may measure; a warm-up comes on top. */
  seconds: number;
  /** Says on stderr what is being measured now. */
  progress: (text: string) => void;
}

export interface BenchmarkLine {
  /** What was measured, e.g. `decode, read 6 fields, encode the answer`. */
  name: string;
  /** The figure and its unit, e.g. 1_200_000 and `messages/s`. */
  value: number;
  unit: string;
  latencyMs?: { p50: number; p99: number; p999?: number };
  /** What was measured beside it in the same run, and value / baseline. */
  baseline?: { name: string; value: number };
  ratio?: number;
  /** The bar of docs/benchmarks.md for the ratio (or for the value where there is no baseline). */
  target?: { atLeast: number; aim?: number } | { atMost: number };
}

export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkLine[]>;
