/** Where a listener's peers may come from: what the configuration says, and what operators say now. */
import { SourceList } from '../connections/sources.ts';
import type { Controls } from './controls.ts';
import type { RuleSet } from './rules.ts';

/** A function that gives the lists of this moment; an address must be on each of them. */
export function allowedSources(
  listener: string,
  configured: readonly string[] | undefined,
  controls: Controls,
): () => SourceList[] {
  const fixed = configured === undefined ? [] : [new SourceList(configured)];
  let rules: RuleSet | undefined;
  let lists = fixed;
  return () => {
    const now = controls.any ? controls.listener(listener) : undefined;
    if (now === rules) return lists;
    rules = now;
    lists = now?.sources === undefined ? fixed : [...fixed, new SourceList(now.sources)];
    return lists;
  };
}
