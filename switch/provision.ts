/**
 * The first start: what `firstStart` of the configuration describes becomes journal records. It runs
 * once, on an empty ledger; afterwards operators change these things, never the file.
 */
import type { FirstStart } from '../config/schema.ts';
import type { Hsm, KeyPurpose, StoredKey } from '../hsm/types.ts';
import { BusinessTime } from '../ledger/business-time.ts';
import {
  accountId,
  accountInput,
  CHART_OF_ACCOUNTS,
  TransferCode,
  YUAN_LEDGER,
} from '../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../ledger/client.ts';
import { idOf } from '../ledger/id.ts';
import type { Reader } from '../ledger/reader.ts';
import { registryChange } from '../ledger/registry.ts';
import type { Entry, RegistryChange } from '../ledger/types.ts';
import { cardNumberOf } from './card-numbers.ts';
import { KEY_NAME, toKeyItem, toStoredKey, toWorkingKey } from './keys.ts';

/** Entries that are on their way at once: enough for full groups, few enough to keep memory small. */
const ENTRIES_IN_FLIGHT = 500;
const AUTHOR = { why: 'first start', who: 'posp' };

/** Says how far the work is: done and total entries. */
export type ProvisionProgress = (done: number, total: number) => void;

/** The registry's note that the first start is complete. */
const COMPLETE = 'first-start-complete';

/**
 * Records the institution with its merchants, terminals, cards and keys, unless that was done. After
 * a crash in the middle it goes on where it was: every entry has an id of its own.
 */
export async function provision(
  firstStart: FirstStart,
  { hsm, ledger, reader }: { hsm: Hsm; ledger: LedgerClient; reader: Reader },
  progress: ProvisionProgress = () => {},
): Promise<void> {
  if (reader.registry.get('setting', COMPLETE) !== null) return;
  const { institution } = firstStart;
  await submitAll([institutionEntry(firstStart)], ledger);
  if (reader.registry.get('key', KEY_NAME.pinReference) === null) {
    await submitAll([await keysEntry(firstStart, hsm)], ledger);
  }
  const pinReferenceKey = toStoredKey(reader.registry.get('key', KEY_NAME.pinReference)!.value);
  const masterKeys = await importMasterKeys(firstStart, hsm);
  const entries = [
    ...firstStart.merchants.map((merchant) => merchantEntry(merchant, institution.id)),
    ...firstStart.terminals.map((series) => terminalsEntry(series, institution.id, masterKeys)),
    ...(await cardEntries(firstStart, hsm, pinReferenceKey)),
  ];
  for (let from = 0; from < entries.length; from += ENTRIES_IN_FLIGHT) {
    await submitAll(entries.slice(from, from + ENTRIES_IN_FLIGHT), ledger);
    progress(Math.min(from + ENTRIES_IN_FLIGHT, entries.length), entries.length);
  }
  await submitAll([completeEntry(institution.id)], ledger);
}

async function submitAll(entries: Entry[], ledger: LedgerClient): Promise<void> {
  const results = await Promise.all(entries.map((entry) => ledger.submit(entry)));
  for (const { status } of results) {
    const done = status === 'applied' || status.startsWith('exists');
    if (!done) throw new Error(`the first start's records were refused: ${status}`);
  }
}

function institutionEntry({ institution }: FirstStart): Entry {
  const { timeZone, cutOff } = institution;
  const openingDate = new BusinessTime({ timeZone, cutOff }).businessDateAt(Date.now());
  return {
    id: idOf('first-start', 'institution', institution.id),
    institution: '',
    accounts: (['bank', 'counter-cash', 'settlement', 'fee-income'] as const).map((name) =>
      accountInput(name, institution.id),
    ),
    registry: [
      registryChange('institution', institution.id, { ...institution, openingDate }, AUTHOR),
      ...CHART_OF_ACCOUNTS.map(({ code, zh, en }) =>
        registryChange('account', String(code), { code, name: `${zh} ${en}` }, AUTHOR),
      ),
    ],
  };
}

/** Terminal master keys, once for each distinct value. */
async function importMasterKeys(
  { terminals }: FirstStart,
  hsm: Hsm,
): Promise<Map<string, StoredKey>> {
  const keys = new Map<string, StoredKey>();
  for (const { testMasterKey, keyAlgorithm } of terminals) {
    const spec = { algorithm: keyAlgorithm, purpose: 'kek', exportable: false } as const;
    const component = Buffer.from(testMasterKey, 'hex');
    const name = `${keyAlgorithm} ${testMasterKey}`;
    if (!keys.has(name)) keys.set(name, await hsm.importKey(spec, [component]));
  }
  return keys;
}

async function keysEntry({ institution, testIssuerKeys }: FirstStart, hsm: Hsm): Promise<Entry> {
  const pinReferenceKey = await hsm.generateKey({ algorithm: 'aes', purpose: 'pin-reference' });
  const sealKey = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  const walletCodeKey = await hsm.generateKey({
    algorithm: 'aes',
    purpose: 'mac',
    exportable: false,
  });
  const registry: RegistryChange[] = [
    keyChange(KEY_NAME.pinReference, pinReferenceKey),
    keyChange(KEY_NAME.ledgerSeal, sealKey),
    keyChange(KEY_NAME.walletCode, walletCodeKey),
  ];
  const masters: [string, KeyPurpose, string | undefined][] = [
    [KEY_NAME.epursePurchase, 'epurse-purchase', testIssuerKeys?.epursePurchase],
    [KEY_NAME.epurseLoad, 'epurse-load', testIssuerKeys?.epurseLoad],
    [KEY_NAME.epurseTac, 'epurse-tac', testIssuerKeys?.epurseTac],
    [KEY_NAME.epurseUnload, 'epurse-unload', testIssuerKeys?.epurseUnload],
  ];
  for (const [name, purpose, value] of masters) {
    if (value === undefined) continue;
    const key = await hsm.importKey({ algorithm: '3des', purpose }, [Buffer.from(value, 'hex')]);
    registry.push(keyChange(name, key));
  }
  return { id: idOf('first-start', 'keys', institution.id), institution: institution.id, registry };
}

function completeEntry(institution: string): Entry {
  const registry = [registryChange('setting', COMPLETE, { value: 'true' }, AUTHOR)];
  return { id: idOf('first-start', 'complete', institution), institution, registry };
}

function keyChange(name: string, key: StoredKey): RegistryChange {
  return registryChange('key', name, toKeyItem(name, key), AUTHOR);
}

function merchantEntry(merchant: FirstStart['merchants'][number], institution: string): Entry {
  const { id, nameZh, nameEn, category, fee } = merchant;
  const item = {
    id,
    institution,
    nameZh,
    nameEn,
    category,
    status: 'active',
    accountId: accountId('merchant', institution, id),
    feeRateMicros: fee.rateMicros,
    feeCapFen: fee.capFen,
    refundReturnsFee: fee.refundReturnsFee,
  };
  return {
    id: idOf('first-start', 'merchant', id),
    institution,
    accounts: [accountInput('merchant', institution, id)],
    registry: [registryChange('merchant', id, item, AUTHOR)],
  };
}

function terminalsEntry(
  series: FirstStart['terminals'][number],
  institution: string,
  masterKeys: Map<string, StoredKey>,
): Entry {
  const { from, to, merchant, keyAlgorithm, testMasterKey } = series;
  const masterKey = toWorkingKey(masterKeys.get(`${keyAlgorithm} ${testMasterKey}`)!);
  const registry: RegistryChange[] = [];
  for (let number = Number(from); number <= Number(to); number++) {
    const id = String(number).padStart(8, '0');
    const terminal = {
      id,
      merchantId: merchant,
      institution,
      status: 'active',
      keyAlgorithm,
      masterKey,
      signedIn: false,
      currentKeys: [],
      previousKeys: [],
      provenKeys: [],
      provenFrom: '',
      batchNumber: '000001',
      batchOpenedPosition: 0,
      lastSettledBatch: '',
    };
    registry.push(registryChange('terminal', id, terminal, AUTHOR));
  }
  return { id: idOf('first-start', 'terminals', from, to), institution, registry };
}

async function cardEntries(
  { institution, cards }: FirstStart,
  hsm: Hsm,
  pinReferenceKey: StoredKey,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const series of cards) {
    for (let serial = 1; serial <= series.count; serial++) {
      const number = cardNumberOf(series.prefix, series.serialDigits, serial);
      const pin = { pan: number, pin: series.testPin };
      const pinReference = await hsm.createPinReference(pinReferenceKey, pin);
      entries.push(cardEntry(series, serial, number, institution.id, pinReference));
    }
  }
  return entries;
}

function cardEntry(
  series: FirstStart['cards'][number],
  serial: number,
  number: string,
  institution: string,
  pinReference: Uint8Array,
): Entry {
  const exception = series.exceptions.find((candidate) => candidate.serial === serial);
  const amountFen = exception?.openingBalanceFen ?? series.openingBalanceFen;
  const card = {
    number,
    institution,
    accountId: accountId('card', institution, number),
    expiry: exception?.expiry ?? series.expiry,
    status: exception?.status ?? 'active',
    product: 'one-card',
    pinReference,
  };
  const opening = {
    debitAccount: accountId('bank', institution),
    creditAccount: card.accountId,
    amountFen,
    ledger: YUAN_LEDGER,
    code: TransferCode.openingBalance,
  };
  return {
    id: idOf('first-start', 'card', number),
    institution,
    accounts: [accountInput('card', institution, number)],
    transfers: amountFen > 0 ? [opening] : [],
    registry: [registryChange('card', number, card, AUTHOR)],
  };
}
