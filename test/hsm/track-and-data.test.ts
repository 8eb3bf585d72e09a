import t from 'tap';
import { bytes, codeOf, fixture } from './hex.ts';
import { eachProvider } from './providers.ts';

interface Frame {
  name: string;
  keys: { tdk: string };
  expected: { fields: Record<string, string>; track2_clear?: string };
}

t.test('track 2 as the computed frame carries it', async (t) => {
  const frames = fixture<{ frames: Frame[] }>('cup.json').frames;
  const frame = frames.find(({ name }) => name === 'syn_sale_request_track_encrypted')!;
  const clear = frame.expected.track2_clear!;
  const encrypted = frame.expected.fields['35']!;
  await eachProvider(t, async (t, hsm) => {
    const tdk = await hsm.importKey({ algorithm: '3des', purpose: 'data' }, [
      bytes(frame.keys.tdk),
    ]);
    t.equal(await hsm.encryptTrack(tdk, clear), encrypted);
    t.equal(await hsm.encryptTrack(tdk, clear.replace('D', '=')), encrypted, '= is D');
    t.equal(await hsm.decryptTrack(tdk, encrypted), clear);
  });
});

t.test('tracks of every length keep their length and come back', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const [algorithm, shortest] of [
      ['3des', 17],
      ['sm4', 33],
    ] as const) {
      const tdk = await hsm.generateKey({ algorithm, purpose: 'data' });
      for (let length = shortest; length <= 104; length++) {
        const track = '6219990000000000010D30122010000000000'.repeat(3).slice(0, length);
        const encrypted = await hsm.encryptTrack(tdk, track);
        const same =
          encrypted.length === length && (await hsm.decryptTrack(tdk, encrypted)) === track;
        if (!same || encrypted === track) t.fail(`${algorithm} ${length} digits`);
      }
      const short = '6219990000000000'.slice(0, shortest - 1);
      const filled = await hsm.encryptTrack(tdk, short);
      t.equal(filled.length, shortest, `${algorithm}: filled with F`);
      t.equal(await hsm.encryptTrack(tdk, short.padEnd(shortest, 'F')), filled);
      t.equal(await hsm.decryptTrack(tdk, filled), short);
      t.equal(await codeOf(() => hsm.decryptTrack(tdk, short)), 'bad_input', algorithm);
      t.equal(await codeOf(() => hsm.encryptTrack(tdk, '')), 'bad_input', algorithm);
    }
  });
});

t.test('data at rest comes back, and never looks the same twice', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const algorithm of ['des', '3des', 'aes', 'sm4'] as const) {
      const key = await hsm.generateKey({ algorithm, purpose: 'data' });
      const other = await hsm.generateKey({ algorithm, purpose: 'data' });
      for (const length of [0, 1, 7, 8, 15, 16, 17, 1000]) {
        const clear = Buffer.alloc(length, 0x80);
        const encrypted = await hsm.encryptData(key, clear);
        t.same(Buffer.from(await hsm.decryptData(key, encrypted)), clear, `${algorithm} ${length}`);
        t.notSame(await hsm.encryptData(key, clear), encrypted);
      }
      const encrypted = await hsm.encryptData(key, Buffer.from('身份证'));
      t.equal(await codeOf(() => hsm.decryptData(key, encrypted.subarray(1))), 'bad_input');
      t.equal(await codeOf(() => hsm.decryptData(key, encrypted.subarray(0, 8))), 'bad_input');
      const opened = await codeOf(async () => {
        const bytes = await hsm.decryptData(other, encrypted);
        if (Buffer.from(bytes).toString() === '身份证') throw new Error('opened');
      });
      t.match(opened, /bad_input|no error/);
    }
  });
});
