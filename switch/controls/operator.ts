/**
 * What operators change at run time. Every change is one journal record that says who and why, and
 * holds for the next request of every worker.
 */
import { randomBytes } from 'node:crypto';
import { TransferCode, YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Entry, RegistryChange } from '../../ledger/types.ts';
import { parsePurseRecords } from '../../protocols/pboc/purse-data.ts';
import { CONTROL_STAMP } from './controls.ts';
import { isScope, parseRules } from './rules.ts';
import { isSettingName, parseSetting, settingKey } from './settings.ts';

export interface Author {
  who: string;
  why: string;
}

export interface OperatorParts {
  reader: Reader;
  ledger: LedgerClient;
}

/** What an operator asked for cannot be done; the message is a sentence for the operator. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** Sets the rules of a scope (`terminal/10000001`, `each-card`, …); null removes them. */
export async function setRules(
  scope: string,
  rules: string | null,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  if (!isScope(scope)) {
    throw new ControlError(
      `'${scope}' is no scope: each-card, each-terminal, each-merchant, or listener/…, merchant/…, terminal/…, card/…`,
    );
  }
  // Rules of what has gone may still be removed.
  if (rules !== null) requireKnown(scope, parts);
  const parsed = rules === null ? {} : parseRules(rules);
  if (typeof parsed === 'string') throw new ControlError(parsed);
  if ('sources' in parsed && !scope.startsWith('listener/')) {
    throw new ControlError('sources are rules of a listener');
  }
  const value = rules === null ? null : { rules: JSON.stringify(parsed) };
  const stamp = { rules: '{}' };
  await record(parts, [
    registryChange('control', scope, value, author),
    registryChange('control', CONTROL_STAMP, stamp, author),
  ]);
}

/** A rule of a terminal or merchant that there is not would hold for nobody. Cards may be a bank's. */
function requireKnown(scope: string, { reader }: OperatorParts): void {
  const [kind = '', id = ''] = scope.split('/');
  if (kind !== 'terminal' && kind !== 'merchant') return;
  if (reader.registry.get(kind, id) === null) throw new ControlError(`there is no ${kind} ${id}`);
}

/** Sets `disabled` of a scope and keeps its other rules. */
export async function setDisabled(
  scope: string,
  disabled: boolean,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  const item = parts.reader.registry.get('control', scope);
  const { disabled: _, ...rules } = JSON.parse(item?.value.rules ?? '{}') as Record<
    string,
    unknown
  >;
  const changed = disabled ? { ...rules, disabled: true } : rules;
  const empty = Object.keys(changed).length === 0;
  await setRules(scope, empty ? null : JSON.stringify(changed), author, parts);
}

/** Sets managed data (`pin`, `pre-authorisation`, `terminal-parameters`, …); null: what holds by itself. */
export async function setSetting(
  name: string,
  json: string | null,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  if (!isSettingName(name)) throw new ControlError(`there is no setting '${name}'`);
  const parsed = json === null ? null : parseSetting(name, json);
  if (typeof parsed === 'string') throw new ControlError(parsed);
  const value = parsed === null ? null : { value: JSON.stringify(parsed) };
  await record(parts, [registryChange('setting', settingKey(name), value, author)]);
}

/** Field 39 codes that a black list may answer with. */
const BLACK_LIST_CODES = new Set(['04', '41', '43', '62']);

/** Puts a card number on the black list, whosever card it is. */
export async function blockCard(
  cardNumber: string,
  responseCode: string,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  if (!/^\d{12,19}$/.test(cardNumber)) throw new ControlError('a card number has 12 to 19 digits');
  if (!BLACK_LIST_CODES.has(responseCode)) {
    throw new ControlError(`the code is one of ${[...BLACK_LIST_CODES].join(', ')}`);
  }
  const value = { responseCode, reason: author.why };
  await record(parts, [registryChange('blacklist', cardNumber, value, author)]);
}

export async function unblockCard(
  cardNumber: string,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  if (parts.reader.registry.get('blacklist', cardNumber) === null) {
    throw new ControlError('the card is not on the black list');
  }
  await record(parts, [registryChange('blacklist', cardNumber, null, author)]);
}

/** Forgets the wrong PINs of a card, so that it may be used again. */
export async function unlockPin(
  cardNumber: string,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  const item = parts.reader.registry.get('card', cardNumber);
  if (item === null) throw new ControlError('there is no such card');
  const by = { ...author, expectedVersion: item.version };
  const value = { ...item.value, wrongPins: 0 };
  await record(parts, [registryChange('card', cardNumber, value, by)], item.value.institution);
}

/**
 * Decides about an offline payment that was kept apart: paid to its merchant from what the chip's
 * account holds, or rejected. Throws ControlError when the account does not hold enough.
 */
export async function decideGreyRecord(
  id: string,
  pay: boolean,
  author: Author,
  parts: OperatorParts,
): Promise<void> {
  const { registry } = parts.reader;
  const item = registry.get('grey-record', id);
  if (item === null) throw new ControlError('there is no such grey record');
  const { institution, merchantId, amountFen, terminalId, cardNumber } = item.value;
  const by = { ...author, expectedVersion: item.version };
  const entry: Entry = {
    id: idOf('grey-record-decided', id),
    institution,
    registry: [registryChange('grey-record', id, null, by)],
  };
  if (pay) {
    const merchant = registry.get('merchant', merchantId)?.value;
    const [uploaded] = parsePurseRecords(item.value.record) ?? [];
    const application = uploaded?.type === 5 ? '01' : '02';
    const purse = registry.get('purse', `${uploaded?.serial}-${application}`)?.value;
    if (merchant === undefined || purse === undefined) {
      throw new ControlError('the chip has no account here, so nothing can be paid from it');
    }
    entry.transfers = [
      {
        debitAccount: purse.accountId,
        creditAccount: merchant.accountId,
        amountFen,
        ledger: YUAN_LEDGER,
        code: TransferCode.greyRecordSettled,
      },
    ];
    const fact = { kind: 'grey-record-paid', merchantId, terminalId, cardNumber, amountFen };
    entry.fact = { transaction: { ...fact, currency: '156', responseCode: '00' } };
  }
  const { status } = await parts.ledger.submit(entry);
  if (status === 'exceeds_credits') throw new ControlError('the chip’s account does not hold it');
  if (status !== 'applied') throw new ControlError(`the ledger refused it: ${status}`);
}

async function record(
  { ledger }: OperatorParts,
  registry: RegistryChange[],
  institution = '',
): Promise<void> {
  const { status } = await ledger.submit({ id: randomBytes(16), institution, registry });
  if (status === 'registry_conflict') throw new ControlError('somebody else changed it just now');
  if (status !== 'applied') throw new Error(`the change was refused: ${status}`);
}
