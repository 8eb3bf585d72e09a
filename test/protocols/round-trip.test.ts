import fc from 'fast-check';
import t from 'tap';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { compile } from '../../protocols/iso8583/compile.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { arbitraryMessage } from './arbitrary-message.ts';
import { SEED } from './seed.ts';
import { EVERYTHING } from './test-dialects.ts';

const dialects = [...Object.values(DIALECTS).map(({ dialect }) => dialect), EVERYTHING];

function valuesOf(message: Message): Record<number, string> {
  return Object.fromEntries(message.fields().map((field) => [field, message.get(field)!]));
}

for (const dialect of dialects) {
  const codec = compile(dialect);

  t.test(
    `${dialect.name}: decode(encode(m)) = m, and encode gives the same bytes again`,
    async (t) => {
      fc.assert(
        fc.property(arbitraryMessage(dialect), ({ mti, fields }) => {
          const bytes = codec.encode({ mti, fields });
          const message = codec.decode(bytes);
          t.equal(message.mti, mti);
          t.same(valuesOf(message), fields);
          t.same(codec.encode({ mti, fields: valuesOf(message) }), bytes);
          t.same(codec.encode({ mti, fields: message.values() }), bytes);
          t.equal(message.trailing.length, 0);
          message.check();
        }),
        { seed: SEED, numRuns: 60 },
      );
    },
  );

  t.test(`${dialect.name}: an answer is the kept bytes and the new values`, async (t) => {
    const numbers = Object.keys(dialect.fields).map(Number);
    fc.assert(
      fc.property(
        arbitraryMessage(dialect),
        arbitraryMessage(dialect),
        fc.subarray(numbers),
        (request, changed, keep) => {
          const message = codec.decode(codec.encode(request));
          const answer = codec.answer(message, changed.mti, keep, changed.fields);
          const kept = Object.fromEntries(
            Object.entries(request.fields).filter(([field]) => keep.includes(Number(field))),
          );
          const expected = { mti: changed.mti, fields: { ...kept, ...changed.fields } };
          t.same(answer, codec.encode(expected));
        },
      ),
      { seed: SEED, numRuns: 40 },
    );
  });
}

t.test(
  'a prepared answer serves requests with different fields, one after the other',
  async (t) => {
    const codec = DIALECTS['cup']!.codec;
    const keep = [2, 3, 4, 11, 25, 41, 42, 49, 60];
    const approve = codec.prepareAnswer('0210', keep, [64, 39, 12, 37]);
    const values = [new Uint8Array(8), '00', '101500', '010115000002'];
    const set = { 12: '101500', 37: '010115000002', 39: '00', 64: '00'.repeat(8) };
    fc.assert(
      fc.property(arbitraryMessage(DIALECTS['cup']!.dialect), (request) => {
        const kept = Object.fromEntries(
          Object.entries(request.fields).filter(([field]) => keep.includes(Number(field))),
        );
        const expected = codec.encode({ mti: '0210', fields: { ...kept, ...set } });
        t.same(approve(codec.decode(codec.encode(request)), values), expected);
      }),
      { seed: SEED, numRuns: 200 },
    );
    t.throws(() => codec.prepareAnswer('0210', [7], []), { code: 'unknown-field', field: 7 });
    const foreign = DIALECTS['iso-1987-ascii']!.codec;
    const request = foreign.decode(foreign.encode({ mti: '0200', fields: {} }));
    t.throws(() => approve(request, values), /another dialect/);
  },
);

t.test('the MAC is computed over what was received, without the MAC', async (t) => {
  for (const [name, fields, length] of [
    ['cup', { 11: '000001', 64: '00'.repeat(8) }, 2 + 8 + 3],
    ['cup', { 11: '000001' }, 2 + 8 + 3],
    ['iso-1987-ascii', { 11: '000001', 128: '00'.repeat(8) }, 4 + 32 + 6],
    ['iso-1987-ascii', { 64: '00'.repeat(8), 70: '301' }, 4 + 32 + 16 + 3],
  ] as const) {
    const { codec } = DIALECTS[name]!;
    const body = codec.encode({ mti: '0800', fields });
    const input = codec.decode(body).macInput();
    t.same(Buffer.from(input), body.subarray(0, length), `${name} ${Object.keys(fields)}`);
  }
});

t.test('bytes, wire and number give the same value as get', async (t) => {
  const codec = DIALECTS['cup']!.codec;
  fc.assert(
    fc.property(arbitraryMessage(DIALECTS['cup']!.dialect), ({ mti, fields }) => {
      const message = codec.decode(codec.encode({ mti, fields }));
      for (const field of [4, 11, 12, 25]) {
        const text = message.get(field);
        t.equal(message.number(field), text === undefined ? undefined : Number(text));
      }
      const wire = Object.fromEntries(
        message.fields().map((field) => [field, message.wire(field)!]),
      );
      t.same(codec.encode({ mti, fields: {}, wire }), Buffer.from(message.body));
      if (message.has(52)) {
        t.equal(Buffer.from(message.bytes(52)!).toString('hex').toUpperCase(), message.get(52));
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
});
