/** The modules of posp, in the order in which they follow the journal. */
import type { Module } from './frame/module.ts';

export const MODULES: readonly Module<unknown>[] = [];
