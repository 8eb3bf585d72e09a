/** E-health-cards of a running switch: calls of apps and hospitals, and codes that pay at the till. */
import t from 'tap';
import { life } from './health-card/life.ts';
import { registration } from './health-card/registration.ts';
import { CardRig } from './health-card/rig.ts';
import { atTheTill } from './health-card/till.ts';

t.test('e-health-cards', async (t) => {
  const rig = await CardRig.open(t);
  await t.test('at the till', (t) => atTheTill(t, rig));
  await t.test('who gets a card', (t) => registration(t, rig));
  await t.test('a card after its registration', (t) => life(t, rig));
});
