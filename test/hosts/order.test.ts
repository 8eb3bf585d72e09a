import t from 'tap';
import { ForwardQueue } from '../../switch/store-and-forward/queue.ts';
import type { Obligation } from '../../switch/store-and-forward/records.ts';

const HOST = { host: 'bank', institution: '4802', timestampUs: 0, sort: 'advice' } as const;

/** What is owed: `position terminal root`, `!` in front when an operator has it. */
function queueOf(owed: string): ForwardQueue {
  const queue = new ForwardQueue();
  for (const text of owed.split(', ')) {
    const [position, terminalId = '', root] = text.replace('!', '').split(' ');
    const numbers = { position: Number(position), subject: Number(position), root: Number(root) };
    const obligation: Obligation = { ...HOST, ...numbers, terminalId };
    queue.add(obligation, text.startsWith('!'));
  }
  return queue;
}

// biome-ignore format: a table, one case a line.
const SENT: [what: string, owed: string, sent: number[]][] = [
  ['one',                                        '5 A 5',                   [5]],
  ['the first of a terminal',                    '5 A 5, 6 A 6',            [5]],
  ['one of each terminal',                       '5 A 5, 6 B 6',            [5, 6]],
  ['two terminals about one transaction',        '5 A 4, 6 B 4',            [5]],
  ['the same, heard of in another order',        '6 B 4, 5 A 4',            [5]],
  ['a third one behind the one that waits',      '5 A 4, 6 B 4, 7 B 7',     [5]],
  ['the first is behind another of its terminal', '3 A 3, 5 A 4, 6 B 4',    [3]],
  ['an operator has the first',                  '!5 A 4, 6 B 4',           [6]],
  ['an operator has the first of the terminal',  '!5 A 5, 6 A 6',           [6]],
];

for (const [what, owed, expected] of SENT) {
  t.test(what, async (t) => {
    const due = [...queueOf(owed).due(0)].map(({ obligation }) => obligation.position);
    t.strictSame(due, expected, owed);
  });
}

// biome-ignore format: the same.
const BEHIND: [what: string, owed: string, request: [root: number, position: number], behind: boolean][] = [
  ['the advice of its original is owed',         '5 A 5',        [5, 9],  true],
  ['another transaction’s is',                   '5 A 5',        [6, 9],  false],
  ['what came after the request',                '10 A 5',       [5, 9],  false],
  ['an operator has it',                         '!5 A 5',       [5, 9],  false],
];

for (const [what, owed, [root, position], behind] of BEHIND) {
  t.test(`a request, ${what}`, async (t) => {
    t.equal(queueOf(owed).isBehind({ host: 'bank', root, position }), behind, owed);
    t.equal(queueOf(owed).isBehind({ host: 'other', root, position }), false, 'at another host');
  });
}

t.test(
  'what is ended is in nobody’s way, and what a request waits for is sent at once',
  async (t) => {
    const queue = queueOf('3 A 3, 5 A 4, 6 B 4');
    const request = { host: 'bank', root: 4, position: 9 };
    for (const position of [3, 5, 6]) queue.get(position)!.dueMs = 1_000;
    t.strictSame([...queue.due(0)], [], 'all in their back-off');
    queue.hasten(request);
    const due = () => [...queue.due(0)].map(({ obligation }) => obligation.position);
    for (const position of [3, 5, 6]) {
      t.strictSame(due(), [position]);
      t.ok(queue.isBehind(request));
      queue.remove(position);
    }
    t.notOk(queue.isBehind(request));
  },
);
