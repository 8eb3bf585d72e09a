import t from 'tap';
import { findRoute, type Routable, type RouteRule } from '../../switch/routing/rules.ts';

const RULES: RouteRule[] = [
  { bins: ['622848'], kinds: ['refund'], host: 'refunds' },
  { bins: ['622848'], amountFen: { from: 1_000_000 }, host: 'large' },
  { bins: ['622848'], time: { from: '22:00', to: '06:00' }, host: 'night' },
  { bins: ['622848', '6225'], merchants: ['123456789012346'], host: 'inpatient' },
  { bins: ['622848'], institutions: ['4802'], host: 'bank' },
  { bins: ['9'], refuse: '14' },
  { refuse: '15' },
];

const USUAL: Routable = {
  cardNumber: '6228480000000000018',
  kind: 'purchase',
  merchantId: '123456789012345',
  institution: '4802',
  amountFen: 100,
  time: '120000',
};

/** [what differs from the usual, where it goes] */
// biome-ignore format: a table, one case a line.
const LINES: [differs: Partial<Routable>, goes: string][] = [
  [{},                                                                'bank'],
  [{ kind: 'refund' },                                                'refunds'],
  [{ amountFen: 999_999 },                                            'bank'],
  [{ amountFen: 1_000_000 },                                          'large'],
  [{ time: '215959' },                                                'bank'],
  [{ time: '220000' },                                                'night'],
  [{ time: '055959' },                                                'night'],
  [{ time: '060000' },                                                'bank'],
  [{ merchantId: '123456789012346' },                                 'inpatient'],
  [{ cardNumber: '6225000000000000', merchantId: '123456789012346' }, 'inpatient'],
  [{ cardNumber: '6225000000000000' },                                '15'],
  [{ institution: '4803' },                                           '15'],
  [{ cardNumber: '9999990000000000' },                                '14'],
];

for (const [differs, goes] of LINES) {
  t.test(`${JSON.stringify(differs)} → ${goes}`, async (t) => {
    const rule = findRoute(RULES, { ...USUAL, ...differs });
    t.equal(rule?.host ?? rule?.refuse, goes);
  });
}

t.equal(findRoute([], USUAL), null, 'no rules, no route');
