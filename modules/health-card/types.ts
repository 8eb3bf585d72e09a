/** Rows of the virtual health cards: accounts, their codes' use, the black list, the centre's levels. */
import type { CardSetting, CodeScene, CodeType } from '../../protocols/records/health-card-code.ts';

export const MODULE = 'health-card';

/** Black-listed: on the list of any centre. */
export type CardStatus = Account['status'] | 'blacklisted';

export const FAMILY_RELATIONS = ['spouse', 'child', 'parent', 'other'] as const;
export type FamilyRelation = (typeof FAMILY_RELATIONS)[number];

export interface FamilyMember {
  cardNumber: string;
  /** What the member is to the holder. */
  relation: FamilyRelation;
}

export type RealNameCheck = 'document' | 'bank-account';

export interface Account {
  /** Number of the e-health-card, derived from the main index number. */
  cardNumber: string;
  personId: string;
  status: 'active' | 'cancelled';
  /** How the real name was checked: a kiosk read the document, or a bank checked the account. */
  checkedBy: RealNameCheck;
  phone: string;
  /** Ledger card that payments by code come from; empty: none. */
  payCard: string;
  bankCards: string[];
  family: FamilyMember[];
  cancelReason: string;
  /** Centre that issued it: a hospital belongs to a city, a city to a province. */
  centre: string;
  version: number;
}

export type CancelReason = 'emigration' | 'death';

export interface UseRecord {
  position: number;
  timeUs: number;
  cardNumber: string;
  scene: string;
  /** Visit-step code (诊疗环节), `010105` charging. */
  step: string;
  organisation: string;
  terminal: string;
  codeType: CodeType | '';
  /** Null: it was taken. A CodeRefusal, or why a payment with a good code was refused: `balance-too-low`. */
  refusal: string | null;
}

export interface BlacklistEntry {
  cardNumber: string;
  reason: string;
  level: 'city' | 'province' | 'nation';
}

export interface BlacklistDelta {
  level: BlacklistEntry['level'];
  /** Version that the delta starts from and that it leads to. */
  from: number;
  to: number;
  added: { cardNumber: string; reason: string }[];
  removed: string[];
}

export interface Facts {
  'account.registered': Omit<Account, 'family'>;
  /** What is left out stays as it was. */
  'account.updated': { cardNumber: string; phone?: string; payCard?: string };
  'account.cancelled': { cardNumber: string; reason: CancelReason };
  'account.restored': { cardNumber: string };
  'bank-card.bound': { cardNumber: string; bankCard: string };
  'bank-card.unbound': { cardNumber: string; bankCard: string };
  'card.used': Omit<UseRecord, 'position' | 'timeUs'>;
  'codes.revoked': { cardNumber: string; which: 'static' | 'all' };
  'password.set': { cardNumber: string };
  'blacklist.changed': BlacklistDelta;
  'uses.uploaded': { position: number };
  'family.added': { cardNumber: string; member: FamilyMember };
  'family.removed': { cardNumber: string; member: string };
  'card.moved': { cardNumber: string; centre: string };
}

export type FactKind = keyof Facts;

export type { CardSetting, CodeScene };
