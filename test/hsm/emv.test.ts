import t from 'tap';
import { arqcOf } from '../../hsm/operations/emv.ts';
import { ProcessKey } from '../../hsm/process-key.ts';
import type { EmvCryptogram } from '../../hsm/types.ts';
import { bytes, codeOf, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const MASTER = '0123456789ABCDEFFEDCBA9876543210';
const DATA = bytes('000000001000000000000000015600000000000156250305001234567879000015A50000');

t.test('an ARQC verifies under its card, counter and data only', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const master = await hsm.importKey({ algorithm: '3des', purpose: 'emv-ac' }, [bytes(MASTER)]);
    for (const session of ['pboc', 'emv-csk', 'none'] as const) {
      for (const padding of ['80', 'zero'] as const) {
        const request: EmvCryptogram = {
          master,
          pan: '6219990000000000010',
          panSequence: '01',
          atc: bytes('0015'),
          session,
          data: DATA,
          padding,
        };
        const arqc = arqcOf(new ProcessKey('3des', bytes(MASTER)), request);
        t.equal(await hsm.verifyArqc(request, arqc), true, `${session} ${padding}`);
        const others: Partial<EmvCryptogram>[] = [
          { panSequence: '00' },
          { pan: '6219990000000000028' },
          { data: DATA.subarray(1) },
        ];
        if (session !== 'none') others.push({ atc: bytes('0016') });
        for (const other of others)
          t.equal(await hsm.verifyArqc({ ...request, ...other }, arqc), false);
        const arpc = await hsm.generateArpc(request, arqc, Buffer.from('00'));
        t.equal(arpc.length, 8);
        t.not(hex(await hsm.generateArpc(request, arqc, Buffer.from('51'))), hex(arpc));
        t.equal(await codeOf(() => hsm.verifyArqc(request, arqc.subarray(1))), 'bad_input');
      }
    }
  });
});
