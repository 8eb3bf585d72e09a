import { empi } from '../../modules/empi/module.ts';
import { healthCard } from '../../modules/health-card/module.ts';

export const MODULES = [empi, healthCard];
