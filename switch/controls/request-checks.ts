/** What the operators' rules say to a request before its transaction looks at it. */
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';
import type { RuleSet } from './rules.ts';

/** Rules of one scope with the words and the code of its refusals. */
interface Scoped {
  rules: RuleSet | undefined;
  scope: 'channel' | 'merchant' | 'terminal';
  /** Of `disabled`: the channel is out of service, the merchant or terminal may not. */
  disabledCode: string;
}

/**
 * Refuses what a channel, merchant or terminal may not do now. What ends something that was begun
 * (reversals, settlement) always passes: refusing it would leave money in doubt.
 */
export function refusalOfControls(request: Request, services: Services): Refusal | null {
  const { controls } = services;
  if (!controls.any || request.row.finishes === true) return null;
  const scopes: Scoped[] = [
    { rules: controls.listener(request.listener), scope: 'channel', disabledCode: '91' },
    { rules: controls.merchant(request.merchantId), scope: 'merchant', disabledCode: '03' },
    { rules: controls.terminal(request.terminalId), scope: 'terminal', disabledCode: '58' },
  ];
  for (const { rules, scope, disabledCode } of scopes) {
    if (rules === undefined) continue;
    const { kind } = request.row;
    if (rules.disabled === true) return new Refusal(disabledCode, `${scope}-disabled`);
    const allowed = rules.allow === undefined || rules.allow.includes(kind);
    if (!allowed || rules.deny?.includes(kind)) return new Refusal('58', `${scope}-not-allowed`);
    if (rules.hours !== undefined && !isOpen(rules.hours, request, services)) {
      return new Refusal('58', `${scope}-closed-now`);
    }
  }
  return null;
}

function isOpen(
  hours: NonNullable<RuleSet['hours']>,
  request: Request,
  { institutions }: Services,
): boolean {
  const { time } = institutions.get(request.terminal.value.institution);
  const [date = '', clock = ''] = time.localDateTime(Date.now()).split(' ');
  const now = clock.slice(0, 5);
  const today = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
  const yesterday = today === 1 ? 7 : today - 1;
  return hours.some(({ days, from, to }) => {
    if (from <= to) return days.includes(today) && now >= from && now < to;
    return (days.includes(today) && now >= from) || (days.includes(yesterday) && now < to);
  });
}
