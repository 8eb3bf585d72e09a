/**
 * The operators' rules as a switch worker uses them: read from the registry when they change, kept
 * by scope. Where no rule was ever set, asking costs one look into the registry's cache.
 */
import type { Reader } from '../../ledger/reader.ts';
import { parseRules, type RuleSet } from './rules.ts';

/** Written with every change of a rule: its version says whether the rules have changed. */
export const CONTROL_STAMP = 'stamp';

/** The rules that hold for one request, by what they hold for. */
export interface ApplicableRules {
  listener: RuleSet | undefined;
  merchant: RuleSet | undefined;
  terminal: RuleSet | undefined;
}

export class Controls {
  readonly #reader: Reader;
  #version = 0;
  #rules = new Map<string, RuleSet>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Whether there are rules at all. */
  get any(): boolean {
    const stamp = this.#reader.registry.get('control', CONTROL_STAMP);
    if (stamp === null) return false;
    if (stamp.version !== this.#version) this.#load(stamp.version);
    return this.#rules.size > 0;
  }

  /** Call only when there are `any`. */
  listener(name: string): RuleSet | undefined {
    return this.#rules.get(`listener/${name}`);
  }

  terminal(id: string): RuleSet | undefined {
    return this.#rules.get(`terminal/${id}`) ?? this.#rules.get('each-terminal');
  }

  merchant(id: string): RuleSet | undefined {
    return this.#rules.get(`merchant/${id}`) ?? this.#rules.get('each-merchant');
  }

  card(number: string): RuleSet | undefined {
    return this.#rules.get(`card/${number}`) ?? this.#rules.get('each-card');
  }

  #load(version: number): void {
    const rules = new Map<string, RuleSet>();
    for (const { key, value } of this.#reader.registry.list('control')) {
      if (key === CONTROL_STAMP) continue;
      const parsed = parseRules(value.rules);
      // Rules are checked before they are recorded.
      if (typeof parsed === 'string') throw new Error(`the rules of ${key}: ${parsed}`);
      rules.set(key, parsed);
    }
    this.#rules = rules;
    this.#version = version;
  }
}
