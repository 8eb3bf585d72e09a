import t from 'tap';
import { capitalAmount, fenOf, yuanText } from '../../modules/invoicing/bill/amount.ts';
import { readXml, type XmlError, xmlText } from '../../modules/invoicing/bill/xml-reader.ts';
import { GuessGuard } from '../../modules/invoicing/face/guesses.ts';

t.test('XML from outside is refused before it can do anything', async (t) => {
  const tower = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  const laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>';
  const wrong: [what: string, text: string, code: XmlError['code']][] = [
    ['entity expansion', laughs, 'document-type'],
    ['external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', 'document-type'],
    ['a document type in odd case', '<!doctype x><x/>', 'document-type'],
    ['an entity without a document type', '<!ENTITY a "b"><x/>', 'document-type'],
    ['huge depth', tower(100_000), 'too-deep'],
    ['depth with closed ones between', `<a>${'<b/>'.repeat(9)}${tower(30)}</a>`, 'too-deep'],
    ['too many elements', `<a>${'<b/>'.repeat(60_000)}</a>`, 'too-many-elements'],
    ['too long', 'x'.repeat(2_000_001), 'too-long'],
    ['not closed', '<a><b></a>', 'not-xml'],
    ['not XML', 'hello', 'not-xml'],
    ['nothing', '', 'not-xml'],
  ];
  for (const [what, text, code] of wrong) {
    t.throws(() => readXml(text), { name: 'XmlError', code }, what);
  }
  const tree = readXml('<a><b>1 &amp; 2</b><b>3</b></a>');
  t.equal(xmlText(tree, 'a', 'b'), '1 & 2');
  t.equal(xmlText(tree, 'a', 'constructor'), '');
});

t.test('amounts', async (t) => {
  const capitals: [amountFen: number, text: string][] = [
    [0, '零元整'],
    [5, '伍分'],
    [50, '伍角整'],
    [105, '壹元零伍分'],
    [1_234, '壹拾贰元叁角肆分'],
    [10_000, '壹佰元整'],
    [100_500, '壹仟零伍元整'],
    [10_000_001, '壹拾万元零壹分'],
    [100_010_000, '壹佰万零壹佰元整'],
    [-250, '负贰元伍角整'],
  ];
  for (const [amountFen, text] of capitals) t.equal(capitalAmount(amountFen), text, text);
  for (const amountFen of [0, 1, -1, 99, 100, 12_345, -12_345]) {
    t.equal(fenOf(yuanText(amountFen)), amountFen);
  }
  for (const wrong of ['', '1.234', 'abc', '1e3', '1,000.00', '--1'])
    t.equal(fenOf(wrong), null, wrong);
});

t.test('wrong guesses lock the bill, and the guesser, for a while', async (t) => {
  let nowMs = 0;
  const guard = new GuessGuard(() => nowMs);
  for (let guess = 0; guess < 5; guess++) t.notOk(guard.allows('a', 'B1', 'wrong', 'right'));
  t.notOk(guard.allows('b', 'B1', 'right', 'right'), 'the bill is locked for everybody');
  t.ok(guard.allows('b', 'B2', 'right', 'right'));
  for (let bill = 0; bill < 20; bill++) guard.allows('c', `X${bill}`, 'wrong', null);
  t.notOk(guard.allows('c', 'B2', 'right', 'right'), 'who guessed too often is silent');
  nowMs += 16 * 60_000;
  t.ok(guard.allows('c', 'B1', 'right', 'right'), 'until the time is over');
});
