/** `/v1/empi`: the patient index for hospital systems and for the people who look after it. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { administrationRoutes } from './empi/administration.ts';
import { crossIndexRoutes } from './empi/cross-index.ts';
import { empiDoor } from './empi/door.ts';
import { duplicateRoutes } from './empi/duplicates.ts';
import { personRoutes } from './empi/persons.ts';

export function empiRoutes(services: ApiServices): Route[] {
  const door = empiDoor(services);
  return [
    ...personRoutes(door),
    ...crossIndexRoutes(door),
    ...duplicateRoutes(door),
    ...administrationRoutes(door),
  ];
}
