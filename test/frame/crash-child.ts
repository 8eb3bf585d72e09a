/**
 * Started by crash.test.ts and killed by it: pays as fast as it can with the test modules behind, and
 * rebuilds one of them over and over, so that kills meet every moment of it.
 */
import { openModules, pay } from './open-modules.ts';

const [, , folder, first] = process.argv;
const opened = await openModules(folder!);
process.stdout.write('ready\n');
let rounds = 0;
for (let from = Number(first); ; from += 50) {
  await pay(opened, from, from + 50);
  if (++rounds % 10 === 0) opened.modules.rebuild('counting');
}
