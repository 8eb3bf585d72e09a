/** Without a running switch `posp invoice` follows the journal with this module alone. */
import type { Module } from '../../modules/frame/module.ts';
import { invoicing } from '../../modules/invoicing/module.ts';

export const MODULES: readonly Module<unknown>[] = [invoicing as Module<unknown>];
