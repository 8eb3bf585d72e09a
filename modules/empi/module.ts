/** The patient index as a module: a view of the journal's facts, and notices to subscribers. */
import type { Module } from '../frame/module.ts';
import { applyRecord } from './apply.ts';
import { MODULE } from './facts.ts';
import { notifySubscribers } from './notify.ts';
import { EmpiQueries } from './queries.ts';

export const empi: Module<EmpiQueries> = {
  name: MODULE,
  version: 3,
  apply: applyRecord,
  queries: (tables) => new EmpiQueries(tables),
  act: notifySubscribers,
};
