import t from 'tap';
import { field62WorkingKeys } from '../../protocols/dialects/cup-fields.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { documentOf, frameOf } from '../../protocols/inspect/document.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { CUP_VECTORS, cupFrame } from './fixtures.ts';

const CUP = DIALECTS['cup']!;

const whole = CUP_VECTORS.filter(({ expected }) => expected.fields !== undefined);

t.test('every frame decodes to what is expected and encodes to its bytes', async (t) => {
  t.ok(whole.length >= 36);
  for (const { name, hex, expected } of whole) {
    const document = documentOf(readFrame(Buffer.from(hex, 'hex'), CUP), CUP)!;
    const { layout, tpdu, header, mti, bitmap, fields, trailingBytes } = document;
    t.same(
      { layout, tpdu, header, mti, bitmap, fields, trailing_bytes: trailingBytes },
      {
        layout: expected.layout,
        tpdu: expected.tpdu,
        header: expected.header,
        mti: expected.mti,
        bitmap: expected.bitmap,
        fields: expected.fields,
        trailing_bytes: expected.trailing_bytes,
      },
      name,
    );
    t.equal(Object.keys(document).length, 7, `${name} needs no raw bytes`);
    t.equal(frameOf(document, CUP).toString('hex').toUpperCase(), hex.toUpperCase(), name);
  }
});

t.test('a document without the redundant parts encodes too', async (t) => {
  const frame = cupFrame('syn_echo_request');
  const document = documentOf(readFrame(frame, CUP), CUP)!;
  const { layout, tpdu, header, mti, fields } = JSON.parse(JSON.stringify(document));
  t.same(frameOf({ layout, tpdu, header, mti, fields } as typeof document, CUP), frame);
});

t.test('a frame that was cut says where, and what was read before', async (t) => {
  const read = readFrame(cupFrame('syn_sale_request_truncated'), CUP);
  t.match(read.error?.toJSON(), { code: 'truncated', field: 60, offset: 112, needed: 9, had: 5 });
  t.equal(documentOf(read, CUP)?.fields['53'], '2600000000000000');
  t.equal(documentOf(read, CUP)?.fields['60'], undefined);
});

t.test('working keys come apart by their layout', async (t) => {
  for (const { name, expected } of whole) {
    if (expected.work_keys === undefined) continue;
    const value = Buffer.from(expected.fields!['62']!, 'hex');
    const layout = field62WorkingKeys.layoutOf(value.length, expected.fields!['60']!.slice(8, 11));
    const keys = field62WorkingKeys.parse(value, layout!);
    const hex = (bytes: Uint8Array | undefined): string | undefined =>
      bytes === undefined ? undefined : Buffer.from(bytes).toString('hex').toUpperCase();
    t.equal(hex(keys.pin.checkValue), expected.work_keys['PIK']?.kcv_in_frame, name);
    t.equal(hex(keys.mac.checkValue), expected.work_keys['MAK8']?.kcv_in_frame, name);
    t.equal(keys.mac.wrapped.length, 8, `${name}: the zero half is taken off`);
    t.equal(hex(keys.track?.checkValue), expected.work_keys['TDK']?.kcv_in_frame, name);
    t.same(field62WorkingKeys.format(keys, layout!), value, name);
  }
});

t.test('a MAC key of 16 bytes keeps both halves', async (t) => {
  const vector = whole.find(({ name }) => name === 'signin_response_40_zsc')!;
  const value = Buffer.from(vector.expected.fields!['62']!, 'hex');
  const keys = field62WorkingKeys.parse(value, '40');
  t.equal(keys.mac.wrapped.length, 16);
  t.same(field62WorkingKeys.format(keys, '40'), value);
});
