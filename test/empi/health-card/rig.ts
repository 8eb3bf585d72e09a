/** The sample hospital with an upper centre that it asks every second, and the calls of apps and hospitals. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { HealthCentre } from '../../../simulators/health-centre.ts';
import { type Answer, call } from '../../api/caller.ts';
import { type Served, serve, temporaryFolder } from '../../support/serve.ts';

export const CARDS = '/v1/health-cards';

export interface Use {
  scene: string;
  refusal: string | null;
  erhcCardNo: string;
  terminal: string;
}

export class CardRig {
  readonly served: Served;
  readonly centre: HealthCentre;
  #keys = 0;

  constructor(served: Served, centre: HealthCentre) {
    this.served = served;
    this.centre = centre;
  }

  static async open(t: Test): Promise<CardRig> {
    const centre = new HealthCentre('province');
    const url = await centre.start();
    const folder = temporaryFolder('health-card');
    const file = join(folder, 'posp.yaml');
    const section = `health-card:\n  centre: { url: "${url}", level: province, everySeconds: 1 }\n`;
    writeFileSync(file, readFileSync('config/sample.yaml', 'utf8') + section);
    const served = await serve(join(folder, 'data'), {}, ['--config', file]);
    t.teardown(async () => {
      await served.kill();
      await centre.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return new CardRig(served, centre);
  }

  /** Asks the API; what is no GET is a change. */
  ask(method: string, path: string, body?: unknown): Promise<Answer> {
    if (method === 'GET') return call(this.served, method, path);
    return call(this.served, method, path, { body, idempotencyKey: `hc-${++this.#keys}` });
  }

  async registered(demographics: Record<string, string>): Promise<string> {
    const request = { demographics, checkedBy: 'document' };
    const { body, text } = await this.ask('POST', CARDS, request);
    if (body['erhcCardNo'] === undefined) throw new Error(text);
    return String(body['erhcCardNo']);
  }

  async codeFor(card: string, ...scenes: string[]): Promise<string> {
    const { body } = await this.ask('POST', `${CARDS}/${card}/codes`, { scenes, seconds: 300 });
    return String(body['qrContent']);
  }

  verified(qrContent: string, scene: string, password?: string): Promise<Answer> {
    const more = { step: '010105', organisation: 'h1', password };
    return this.ask('POST', `${CARDS}/verify`, { qrContent, scene, ...more });
  }

  /** The log's last uses, once there are so many. */
  lastUses(count: number, all: number): Promise<Use[]> {
    return sooner('the uses are in the log', async () => {
      const { body } = await this.ask('GET', `${CARDS}/uses`);
      const uses = body['uses'] as unknown as Use[];
      return uses.length >= all ? uses.slice(-count) : null;
    });
  }
}

/** What a look finds; it looks until there is something, for views follow the journal a moment later. */
export async function sooner<Found>(
  what: string,
  look: () => Promise<Found | null>,
): Promise<Found> {
  const endAtMs = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > endAtMs) throw new Error(`it never came to: ${what}`);
    await sleep(10);
  }
}
