/** Merging two persons, and giving back exactly what a merge took. */

import { followMerge, followUnmerge } from './reviews.ts';
import { done, note, Refusal, type Step } from './step.ts';
import type { Demographics, Medium, Outcome, Person } from './types.ts';

/** The absorbed person's media go to the survivor; both are kept as they were before. */
export function mergePersons(
  step: Step,
  survivorId: string,
  absorbedId: string,
  { reason, by, replaced }: { reason: string; by: string; replaced?: Medium },
): Outcome {
  const { view, position } = step;
  const survivor = activePerson(step, survivorId);
  const absorbed = activePerson(step, absorbedId);
  if (survivor.personId === absorbed.personId) throw new Refusal('same_person');
  const mergeId = view.nextId('merge');
  view.table('merges').put(mergeId, {
    mergeId,
    survivor: survivor.personId,
    absorbed: absorbed.personId,
    reason,
    by,
    beforeSurvivor: survivor,
    beforeAbsorbed: absorbed,
    survivorVersion: position,
    ...(replaced && { replaced }),
    undone: false,
  });
  for (const mediumId of absorbed.media) moveMedium(step, mediumId, survivor.personId);
  view.putPerson({
    ...absorbed,
    status: 'merged',
    mergedInto: survivor.personId,
    media: [],
    version: position,
  });
  view.putPerson({
    ...survivor,
    media: [...survivor.media, ...absorbed.media],
    merges: [...survivor.merges, mergeId],
    version: position,
  });
  followMerge(step, { survivor: survivor.personId, absorbed: absorbed.personId, mergeId, by });
  note(step, 'person.merged', survivor.personId, { otherPersonId: absorbed.personId });
  return done({ personId: survivor.personId, mergeId });
}

/**
 * Undoes the survivor's last merge. When nothing happened to the survivor since, both persons are as
 * they were; what it was given since stays with it.
 */
export function unmergePersons(step: Step, mergeId: string, _reason: string): Outcome {
  const { view, position } = step;
  const merge = view.table('merges').get(mergeId);
  if (merge === undefined) throw new Refusal('merge_not_found');
  if (merge.undone) throw new Refusal('merge_undone');
  const survivor = activePerson(step, merge.survivor);
  const isItself = survivor.personId === merge.survivor;
  if (!isItself || survivor.merges.at(-1) !== mergeId) throw new Refusal('not_the_last_merge');
  const { beforeSurvivor, beforeAbsorbed } = merge;
  const given = new Set(beforeAbsorbed.media);
  const back = survivor.media.filter((id) => given.has(id));
  for (const mediumId of back) moveMedium(step, mediumId, beforeAbsorbed.personId);
  const isUntouched = survivor.version === merge.survivorVersion;
  view.putPerson(
    isUntouched
      ? beforeSurvivor
      : {
          ...survivor,
          media: survivor.media.filter((id) => !given.has(id)),
          merges: survivor.merges.slice(0, -1),
          version: position,
        },
  );
  view.putPerson({ ...beforeAbsorbed, media: back });
  if (merge.replaced !== undefined) restoreReplaced(step, merge.replaced);
  view.table('merges').put(mergeId, { ...merge, undone: true });
  followUnmerge(step, merge.survivor);
  view.keepApart(merge.survivor, merge.absorbed, position);
  note(step, 'person.unmerged', merge.survivor, { otherPersonId: merge.absorbed });
  return done({ personId: merge.survivor, mergeId });
}

/** Some of a person's media go to a new person. */
export function splitPerson(
  step: Step,
  personId: string,
  mediumIds: string[],
  demographics: Demographics,
): Outcome {
  const { view, position } = step;
  const person = activePerson(step, personId);
  const taken = new Set(mediumIds);
  const known = person.media.filter((id) => taken.has(id));
  if (known.length !== taken.size || known.length === 0) throw new Refusal('medium_not_found');
  const other = view.newPerson(view.nextId('person'), demographics, position);
  for (const mediumId of known) moveMedium(step, mediumId, other.personId);
  view.putPerson({ ...other, media: known });
  view.putPerson({
    ...person,
    media: person.media.filter((id) => !taken.has(id)),
    version: position,
  });
  view.keepApart(person.personId, other.personId, position);
  note(step, 'person.split', person.personId, { otherPersonId: other.personId });
  return done({ personId: other.personId });
}

/** Its status is what it was, unless something happened to it since. */
function restoreReplaced({ view }: Step, before: Medium): void {
  const media = view.table('media');
  const medium = media.get(before.mediumId);
  if (medium?.status !== 'replaced') return;
  media.put(before.mediumId, { ...medium, status: before.status });
}

function moveMedium({ view }: Step, mediumId: string, personId: string): void {
  const medium = view.table('media').get(mediumId)!;
  view.table('media').put(mediumId, { ...medium, personId });
}

function activePerson({ view }: Step, personId: string): Person {
  const person = view.person(personId);
  if (person === undefined) throw new Refusal('person_not_found');
  if (person.status !== 'active') throw new Refusal(`person_${person.status}`);
  return person;
}
