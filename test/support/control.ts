/** An operator at the control socket of a running switch. */
import { askControl } from '../../api/control.ts';
import type { Served } from './serve.ts';

const AUTHOR = { who: 'operator test', why: 'test' };

/** The result of a command; throws with the switch's sentence when it refuses. */
export async function control(
  { dataDir }: Served,
  name: string,
  argument: Record<string, unknown> = {},
): Promise<unknown> {
  const answer = await askControl(dataDir, `control/${name}`, { ...AUTHOR, ...argument });
  if (answer === null) throw new Error('no switch runs');
  if ('error' in answer) throw new Error(answer.error);
  return answer.result;
}

export function setRules(served: Served, scope: string, rules: unknown): Promise<unknown> {
  return control(served, 'set', { scope, rules: rules === null ? null : JSON.stringify(rules) });
}

export function setTerms(served: Served, name: string, value: unknown): Promise<unknown> {
  return control(served, 'setting', { name, value: JSON.stringify(value) });
}
