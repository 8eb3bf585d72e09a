/** The modules' thread of a test follows with invoicing alone. */
import type { Module } from '../../modules/frame/module.ts';
import { createInvoicing } from '../../modules/invoicing/module.ts';

export const MODULES: readonly Module<unknown>[] = [createInvoicing() as Module<unknown>];
