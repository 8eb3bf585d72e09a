import { empi } from '../../modules/empi/module.ts';

export const MODULES = [empi];
