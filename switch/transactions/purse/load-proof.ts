import { findCard } from '../../checks/card.ts';
import { KEY_NAME } from '../../keys.ts';
import { chipOf, needed, purseDataOf } from '../../purse/chip.ts';
import { type Proof, planProof } from '../../purse/online.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { namedOriginal, type OriginalSort } from '../original.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

const LOADS: OriginalSort = {
  kinds: ['load', 'load-from-cash', 'load-from-card'],
  messageTypes: ['0200'],
};
const UNLOADS: OriginalSort = { kinds: ['unload'], messageTypes: ['0200'] };

/** 圈存确认: the chip's TAC says that it has the money. */
export const loadProof: RecordedRow = {
  kind: 'load-proof',
  nameZh: '圈存确认',
  nameEn: 'Proof of a load',
  match: { messageType: '0220', processingCode: '600000', conditionCode: '91' },
  answerType: '0230',
  mac: true,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 55, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  plan: (request, services) =>
    prove(LOADS, { step: 'load-tac', keyName: KEY_NAME.epurseTac }, request, services),
};

/** 圈提确认: the chip's MAC3 says that it gave the money away; only now the account gets it. */
export const unloadProof: RecordedRow = {
  ...loadProof,
  kind: 'unload-proof',
  nameZh: '圈提确认',
  nameEn: 'Proof of an unload',
  match: { messageType: '0220', processingCode: '610000', conditionCode: '91' },
  plan: (request, services) =>
    prove(UNLOADS, { step: 'unload-mac3', keyName: KEY_NAME.epurseUnload }, request, services),
};

async function prove(
  sort: OriginalSort,
  proof: Proof,
  request: Request,
  services: Services,
): Promise<Plan> {
  findCard(request, services);
  const original = await namedOriginal(request, services, sort);
  const data = purseDataOf(request);
  const { serial, type } = needed(data, 'serial', 'type');
  const chip = chipOf(serial, type, request, services);
  const plan = await planProof(proof, chip, data, original.record, request, services);
  return { ...plan, originalPosition: original.position };
}
