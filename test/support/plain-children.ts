/**
 * Processes that tests start are posp as users run it. The test runner asks, through NODE_OPTIONS,
 * for its own hooks in every process and thread below it, and they double the start of each. The
 * runner puts the variable into every spawn by `process-on-spawn`; what is put in last, goes first.
 */
import { createRequire } from 'node:module';

interface Spawn {
  env: Record<string, string | undefined>;
}

type OnSpawn = { addListener(listener: (spawn: Spawn) => void): void };

const runnersOwn = createRequire(import.meta.url).resolve('tap');
const onSpawn = createRequire(runnersOwn)('process-on-spawn') as OnSpawn;

onSpawn.addListener((spawn) => {
  const { NODE_OPTIONS: _, ...env } = spawn.env;
  spawn.env = env;
});
