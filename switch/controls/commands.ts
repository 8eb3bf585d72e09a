/** The operators' commands as the control socket calls them: arguments are checked, then done. */

import { z } from 'zod';
import { faultsOf } from '../../config/faults.ts';
import type { Hsm } from '../../hsm/types.ts';
import { heldFunds } from '../holds/held-funds.ts';
import { payOrder } from '../scan/orders.ts';
import { issueWalletCode } from '../scan/wallet-code.ts';
import { CONTROL_STAMP } from './controls.ts';
import {
  blockCard,
  ControlError,
  decideGreyRecord,
  type OperatorParts,
  setDisabled,
  setRules,
  setSetting,
  unblockCard,
  unlockPin,
} from './operator.ts';
import { SETTINGS, type SettingName, Settings } from './settings.ts';

export interface CommandParts extends OperatorParts {
  hsm: Hsm;
}

type Command = (argument: Record<string, unknown>) => Promise<unknown>;

const author = { who: z.string().min(1).max(100), why: z.string().min(1).max(500) };
const scope = z.string().min(1);
const card = z.string().regex(/^\d{12,19}$/, 'a card number has 12 to 19 digits');

/** Commands by their name on the socket. */
export function controlCommands(parts: CommandParts): Record<string, Command> {
  const settings = new Settings(parts.reader);
  return {
    'control/list': async () => listing(parts, settings),
    'control/set': command({ scope, rules: z.string().nullable(), ...author }, (a) =>
      setRules(a.scope, a.rules, a, parts),
    ),
    'control/disable': command({ scope, disabled: z.boolean(), ...author }, (a) =>
      setDisabled(a.scope, a.disabled, a, parts),
    ),
    'control/setting': command({ name: z.string(), value: z.string().nullable(), ...author }, (a) =>
      setSetting(a.name, a.value, a, parts),
    ),
    'control/block': command({ card, code: z.string(), ...author }, (a) =>
      blockCard(a.card, a.code, a, parts),
    ),
    'control/unblock': command({ card, ...author }, (a) => unblockCard(a.card, a, parts)),
    'control/unlock-pin': command({ card, ...author }, (a) => unlockPin(a.card, a, parts)),
    'control/held': command(
      { card: card.optional(), merchant: z.string().optional(), kind: z.string().optional() },
      (a) =>
        heldFunds(
          { cardNumber: a.card, merchantId: a.merchant, kind: a.kind },
          Date.now() * 1_000,
          parts,
        ),
    ),
    'control/grey': async () => greyRecords(parts),
    'control/grey-decide': command({ id: z.string(), pay: z.boolean(), ...author }, (a) =>
      decideGreyRecord(a.id, a.pay, a, parts),
    ),
    'control/wallet-code': command({ card }, (a) =>
      issueWalletCode(a.card, Date.now(), { ...parts, settings }),
    ),
    'control/pay-order': command({ order: z.string(), card, who: author.who }, (a) =>
      payOrder({ orderCode: a.order, cardNumber: a.card, who: a.who }, parts),
    ),
  };
}

function command<Shape extends z.ZodRawShape>(
  shape: Shape,
  work: (argument: z.output<z.ZodObject<Shape>>) => Promise<unknown>,
): Command {
  const schema = z.object(shape);
  return async (argument) => {
    const parsed = schema.safeParse(argument);
    if (!parsed.success) throw new ControlError(faultsOf(parsed.error));
    return (await work(parsed.data)) ?? { done: true };
  };
}

function listing({ reader }: OperatorParts, settings: Settings) {
  const rules: Record<string, unknown> = {};
  for (const { key, value } of reader.registry.list('control')) {
    if (key !== CONTROL_STAMP) rules[key] = JSON.parse(value.rules);
  }
  const blackList: { card: string; responseCode: string; reason: string }[] = [];
  for (const { key, value } of reader.registry.list('blacklist')) {
    blackList.push({ card: key, ...value });
  }
  const names = Object.keys(SETTINGS) as SettingName[];
  const values = Object.fromEntries(names.map((name) => [name, settings.get(name)]));
  return { rules, blackList, settings: values };
}

function greyRecords({ reader }: OperatorParts) {
  const records = [];
  for (const { value } of reader.registry.list('grey-record')) {
    const { record: _, ...shown } = value;
    records.push(shown);
  }
  return records;
}
