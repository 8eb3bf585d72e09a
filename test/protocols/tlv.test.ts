import fc from 'fast-check';
import t from 'tap';
import { explainTlv, safeTlvText } from '../../protocols/emv/explain.ts';
import { encodeTlv, findTlv, parseTlv, type TlvInput } from '../../protocols/emv/tlv.ts';
import { SEED } from './seed.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const shape = (hex: string): unknown =>
  parseTlv(bytes(hex)).map(({ tag, value, children }) => [
    tag,
    Buffer.from(value).toString('hex').toUpperCase(),
    children === null ? null : children.length,
  ]);

const PARSED: readonly (readonly [what: string, hex: string, expected: unknown])[] = [
  ['nothing', '', []],
  ['one tag', '9A03261120', [['9A', '261120', null]]],
  ['a tag of two bytes', '9F360201FF', [['9F36', '01FF', null]]],
  ['a tag of three bytes', 'DF81290130', [['DF8129', '30', null]]],
  ['an empty value', '8A00', [['8A', '', null]]],
  ['a length of two bytes', `9F4B8180${'00'.repeat(128)}`, [['9F4B', '00'.repeat(128), null]]],
  ['a length of three bytes', `9F4B820001AA`, [['9F4B', 'AA', null]]],
  ['a tag nobody knows', 'DF7F0201020000', [['DF7F', '0102', null]]],
  ['zeros between elements', '00009A0326112000950500', 'bad-tlv'],
  ['zeros around elements', '00009A032611200000', [['9A', '261120', null]]],
  ['a template', '71059F18020102', [['71', '9F18020102', 1]]],
  ['a tag that ends early', '9F', 'bad-tlv'],
  ['no length', '9F36', 'bad-tlv'],
  ['a value that ends early', '9F360301', 'bad-tlv'],
  ['an indefinite length', '70800000', 'bad-tlv'],
  ['a length that ends early', '9F3682', 'bad-tlv'],
  ['a length of nine bytes', '9F3689FFFFFFFFFFFFFFFFFF', 'bad-tlv'],
  ['a tag without end', '9FFFFFFFFFFF', 'bad-tlv'],
  ['a template with rubbish', '70039F3605', 'bad-tlv'],
];
for (const [what, hex, expected] of PARSED) {
  t.test(`parse: ${what}`, async (t) => {
    if (expected === 'bad-tlv') t.throws(() => parseTlv(bytes(hex)), { code: 'bad-tlv' });
    else t.same(shape(hex), expected);
  });
}

t.test('too many templates inside each other are refused', async (t) => {
  let nested = bytes('9A03261120');
  for (let depth = 0; depth < 12; depth++)
    nested = Buffer.concat([Uint8Array.of(0x70, nested.length), nested]);
  t.throws(() => parseTlv(nested), { code: 'bad-tlv', message: /too deep/ });
});

t.test('what is built parses to the same', async (t) => {
  const primitive = fc
    .tuple(fc.constantFrom('82', '95', '9F26', 'DF8129', '5F2A'), fc.uint8Array({ maxLength: 300 }))
    .map(([tag, value]): TlvInput => ({ tag, value }));
  const template = fc
    .tuple(fc.constantFrom('70', 'BF0C'), fc.array(primitive, { maxLength: 3 }))
    .map(([tag, children]): TlvInput => ({ tag, children }));
  fc.assert(
    fc.property(fc.array(fc.oneof(primitive, template), { maxLength: 5 }), (nodes) => {
      const parsed = parseTlv(encodeTlv(nodes));
      t.same(
        parsed.map(({ tag }) => tag),
        nodes.map(({ tag }) => tag),
      );
      t.same(encodeTlv(parsed), encodeTlv(nodes));
    }),
    { seed: SEED, numRuns: 100 },
  );
  t.throws(() => encodeTlv([{ tag: 'XY', value: new Uint8Array(1) }]), { code: 'bad-tlv' });
});

t.test('elements are found at any depth', async (t) => {
  const nodes = parseTlv(bytes('9A0326112071059F18020102'));
  t.equal(Buffer.from(findTlv(nodes, '9F18')!.value).toString('hex'), '0102');
  t.equal(findTlv(nodes, '9F26'), undefined);
});

t.test('card data inside is masked, unknown tags are hidden', async (t) => {
  const hex =
    '5A0A6219990000000000010F57136219990000000000010D30122010000000000F5F200554455354319F360201FFDF7F0112';
  const text = safeTlvText(parseTlv(bytes(hex)));
  t.equal(
    text,
    '5A=621999*********0010 57=621999*********0010=<17> 5F20=<5 bytes> 9F36=01FF DF7F=<1 byte>',
  );
});

t.test('bits and cryptogram kinds have names', async (t) => {
  const [tvr, cid, aac] = explainTlv(parseTlv(bytes('950500800480009F2701809F270100')));
  t.same(
    tvr?.children.map(({ tag, name }) => [tag, name.en]),
    [
      ['2.8', 'application versions differ'],
      ['3.3', 'online PIN entered'],
      ['4.8', 'transaction exceeds the floor limit'],
    ],
  );
  t.match(cid?.meaning?.en, /^ARQC/);
  t.match(aac?.meaning?.en, /^AAC/);
});
