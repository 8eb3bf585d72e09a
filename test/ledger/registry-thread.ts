/** Started by registry.test.ts: says the card's status whenever it is asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../../ledger/reader.ts';

const { dataDir, card, ...options } = workerData;
const reader = openReader(dataDir, options);
const look = () => reader.registry.get('card', card)?.value.status ?? 'none';

parentPort!.on('message', () => parentPort!.postMessage(look()));
parentPort!.postMessage(look());
