/** Without a running switch `posp empi load` follows the journal with this module alone. */
import { empi } from '../../modules/empi/module.ts';
import type { Module } from '../../modules/frame/module.ts';

export const MODULES: readonly Module<unknown>[] = [empi as Module<unknown>];
