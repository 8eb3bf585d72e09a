/** The HL7 v2 door of a running system. */
import type { Config } from '../../config/schema.ts';
import { empiDoor } from '../routes/empi/door.ts';
import type { SystemServices } from '../services.ts';
import { type MllpServer, serveMllp } from './mllp.ts';
import { answerHl7 } from './pix-pdq.ts';

/** Null when the configuration has no such listener. */
export async function serveHl7(
  { hl7 }: Pick<Config, 'hl7'>,
  services: SystemServices,
): Promise<MllpServer | null> {
  if (hl7 === undefined) return null;
  const door = empiDoor(services);
  const server = await serveMllp(hl7.address, hl7.port, (message) =>
    answerHl7(message, door(), Date.now()),
  );
  services.log.info({ port: server.port }, 'HL7 v2 (MLLP) is served');
  return server;
}
