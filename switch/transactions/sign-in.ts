import type { Hsm, KeyAlgorithm, KeyPurpose, StoredKey } from '../../hsm/types.ts';
import type { Terminal } from '../../ledger/registry-kinds.ts';
import {
  field60,
  field62WorkingKeys,
  type WrappedKey,
} from '../../protocols/dialects/cup-fields.ts';
import type { WorkingKeyLayoutId } from '../../protocols/dialects/cup-layouts.ts';
import { toStoredKey, toWorkingKey } from '../keys.ts';
import { require } from '../refusal.ts';
import { NETWORK_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';
import { changeTerminal } from './terminal-change.ts';

/** What each network code (field 60.3) asks for: which keys, and how field 62 carries them. */
const DOWNLOADS: Record<
  string,
  {
    terminalAlgorithm: '3des' | 'sm4';
    layout: WorkingKeyLayoutId;
    keys: readonly { purpose: KeyPurpose; algorithm: KeyAlgorithm }[];
  }
> = {
  '001': {
    terminalAlgorithm: '3des',
    layout: '24',
    keys: [
      { purpose: 'pin', algorithm: 'des' },
      { purpose: 'mac', algorithm: 'des' },
    ],
  },
  '003': {
    terminalAlgorithm: '3des',
    layout: '40',
    keys: [
      { purpose: 'pin', algorithm: '3des' },
      { purpose: 'mac', algorithm: 'des' },
    ],
  },
  '004': {
    terminalAlgorithm: '3des',
    layout: '60',
    keys: [
      { purpose: 'pin', algorithm: '3des' },
      { purpose: 'mac', algorithm: 'des' },
      { purpose: 'data', algorithm: '3des' },
    ],
  },
  '006': {
    terminalAlgorithm: 'sm4',
    layout: 'sm60',
    keys: [
      { purpose: 'pin', algorithm: 'sm4' },
      { purpose: 'mac', algorithm: 'sm4' },
      { purpose: 'data', algorithm: 'sm4' },
    ],
  },
};

/**
 * 签到: the terminal gets new working keys, encrypted under its master key, and the number of its
 * open batch. The keys before these stay good for what was under way, and those that the terminal
 * has proven to have stay good until it proves newer ones: a sign-in carries no MAC, so anybody could
 * otherwise push a terminal's keys aside by signing in for it.
 */
export const signIn: UnrecordedRow = {
  kind: 'sign-in',
  nameZh: '签到',
  nameEn: 'Sign-in',
  match: { messageType: '0800', networkCodes: Object.keys(DOWNLOADS) },
  answerType: '0810',
  mac: false,
  signedIn: false,
  openBatch: false,
  required: [11, 41, 42, 60],
  keep: NETWORK_KEEP,
  finishes: true,

  async perform(request, services) {
    const download = DOWNLOADS[request.field60.networkCode]!;
    const { value: terminal } = request.terminal;
    require(terminal.keyAlgorithm === download.terminalAlgorithm, '12', 'wrong-key-algorithm');
    require(terminal.masterKey !== null, '97', 'terminal-has-no-master-key');
    const masterKey = toStoredKey(terminal.masterKey);
    const keys: StoredKey[] = [];
    for (const spec of download.keys) {
      const version = nextVersion(terminal, spec.purpose);
      keys.push(await services.hsm.generateKey({ ...spec, version }));
    }
    const [pin, mac, track] = await wrapAll(services.hsm, keys, masterKey);
    const changed = await changeTerminal(request, services, 'sign-in', (now) => ({
      ...now,
      signedIn: true,
      currentKeys: keys.map(toWorkingKey),
      previousKeys: now.currentKeys,
    }));
    return {
      60: field60.format({ ...request.field60, batchNumber: changed.batchNumber }),
      62: field62WorkingKeys.format(
        { pin: pin!, mac: mac!, ...(track === undefined ? {} : { track }) },
        download.layout,
      ),
    };
  },
};

function nextVersion(terminal: Terminal, purpose: KeyPurpose): number {
  const key = terminal.currentKeys.find((candidate) => candidate.purpose === purpose);
  return key === undefined ? 1 : key.version + 1;
}

async function wrapAll(hsm: Hsm, keys: StoredKey[], masterKey: StoredKey): Promise<WrappedKey[]> {
  const wrapped: WrappedKey[] = [];
  for (const key of keys) {
    const { cryptogram, checkValue } = await hsm.exportKey(key, masterKey);
    wrapped.push({ wrapped: cryptogram, checkValue: Buffer.from(checkValue, 'hex') });
  }
  return wrapped;
}
