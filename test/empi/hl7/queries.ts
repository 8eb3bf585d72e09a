/** QBP^Q22 to RSP^K22. */
import type { Test } from 'tap';
import { a, b, type Hl7Rig, message, pdq, utf8 } from './rig.ts';

export async function demographicsQuery(t: Test, rig: Hl7Rig): Promise<void> {
  const answers = await rig.table(t, [
    ['by name', pdq('@PID.5.1^王~@PID.5.2^芳'), 'AA OK 1+8+7'],
    ['by number', pdq('@PID.3.1^7'), 'AA OK 1+8+7'],
    ['by number and domain', pdq('@PID.3.1^7~@PID.3.4.2^1.2.3.2'), 'AA OK 1+8+7'],
    ['the number in another domain', pdq('@PID.3.1^7~@PID.3.4.1^A'), 'AA NF'],
    ['number and another name', pdq('@PID.3.1^7~@PID.5.1^李'), 'AA NF'],
    ['numbers of one domain', pdq('@PID.3.1^7', b('')), 'AA OK 8+7'],
    ['an unknown domain', pdq('@PID.3.1^7~@PID.3.4.1^X'), 'AE AE 204@QPD^1^3'],
    ['an unknown domain is wanted', pdq('@PID.3.1^7', '^^^X'), 'AE AE 204@QPD^1^8^1'],
    ['nobody', pdq('@PID.5.1^欧阳~@PID.5.2^修'), 'AA NF'],
    ['an unknown field', pdq('@PID.99^1'), 'AE AE 204@QPD^1^3'],
    ['nothing is asked for', pdq(''), 'AE AE 101@QPD^1^3'],
    ['no QPD', message('QBP^Q22', ['RCP|I']), 'AE 100@QPD'],
  ]);
  t.equal(answers.get('by name')!.get('MSH', 9, 2), 'K22');
  t.same(answers.get('by name')!.all('PID', 5), [['王', '芳']]);
}

export async function parts(t: Test, rig: Hl7Rig): Promise<void> {
  const sender = rig.sender();
  t.teardown(() => sender.socket.destroy());
  const names = ['一', '二', '三', '四', '五'];
  const feeds = names.map((name, at) =>
    utf8(message('ADT^A28', [`PID|1||${a(`z${at}`)}||赵^${name}||1970010${at + 1}`])),
  );
  sender.socket.write(Buffer.concat(feeds));
  for (const name of names) t.equal((await sender.answer())!.get('MSA', 1), 'AA', name);
  const found: string[] = [];
  const pages: number[] = [];
  let pointer = '';
  do {
    const segments = [`QPD|IHE PDQ Query|long|@PID.5.1^赵`, 'RCP|I|2^RD'];
    if (pointer !== '') segments.push(`DSC|${pointer}|I`);
    sender.socket.write(utf8(message('QBP^Q22', segments)));
    const answer = (await sender.answer())!;
    const rows = answer.each('PID');
    pages.push(rows.length);
    found.push(...rows.map((row) => row.get(5, 2)));
    pointer = answer.get('DSC', 1);
  } while (pointer !== '' && pages.length < 9);
  t.same(pages, [2, 2, 1]);
  t.same(found, names);
  const asked = (...segments: string[]) => message('QBP^Q22', ['QPD|Q|x|@PID.5.1^赵', ...segments]);
  await rig.table(t, [
    ['a pointer that is none', asked('RCP|I', 'DSC|x y|I'), 'AE AE 204@DSC^1^1'],
    ['a quantity that is none', asked('RCP|I|many^RD'), 'AE AE 102@RCP^1^2'],
  ]);
}
