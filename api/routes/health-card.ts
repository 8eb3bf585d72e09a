/** `/v1/health-cards`: virtual health cards for apps, kiosks and hospitals. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { cardRoutes } from './health-card/cards.ts';
import { codeRoutes } from './health-card/codes.ts';
import { healthCardDoor } from './health-card/door.ts';
import { familyRoutes } from './health-card/family.ts';
import { passwordRoute } from './health-card/password.ts';
import { registrationRoutes } from './health-card/registration.ts';

export function healthCardRoutes(services: ApiServices): Route[] {
  const door = healthCardDoor(services);
  return [
    ...registrationRoutes(services, door),
    ...cardRoutes(services, door),
    ...codeRoutes(services, door),
    ...familyRoutes(services, door),
    passwordRoute(services, door),
  ];
}
