/** Cancellations of a bill, before anything is matched. */
import type { RecordSet } from './record-set.ts';
import { KEY_WORDS, type RecordView, STATUS, TYPE } from './records.ts';

/**
 * A cancellation undoes the payment of its link; where several payments have it (terminals that count
 * alike, in one second) the one of its amount. One that finds none becomes the record of a payment
 * that came to nothing: ours, if it succeeded, then stands against it.
 */
export function applyCancels(cancels: Int32Array, theirs: RecordSet, view: RecordView): void {
  const { stride, keys } = view;
  if (cancels.length === 0) return;
  const open = new Map<string, number[]>();
  for (let at = 0; at < cancels.length; at += stride) {
    const name = linkName(cancels, at, keys);
    const waiting = open.get(name);
    if (waiting === undefined) open.set(name, [at]);
    else waiting.push(at);
  }
  const links = new Set<number>();
  for (let at = 0; at < cancels.length; at += stride) links.add(linkKey(cancels, at, keys));
  for (const sameAmount of [true, false]) {
    if (open.size > 0)
      theirs.update((words) => undo(words, cancels, open, links, view, sameAmount));
  }
  for (const places of open.values()) for (const at of places) theirs.add(cancels, at);
  theirs.closeOpen();
}

function undo(
  words: Int32Array,
  cancels: Int32Array,
  open: Map<string, number[]>,
  links: ReadonlySet<number>,
  view: RecordView,
  sameAmount: boolean,
): void {
  for (let at = 0; at < words.length; at += view.stride) {
    if (view.type(words, at) !== TYPE.pay) continue;
    if (view.status(words, at) !== STATUS.success) continue;
    const amountFen = view.amountFen(words, at);
    for (const key of links) {
      if (key < 0 || !view.hasKey(words, at, key)) continue;
      const name = keyName(words, at, key);
      const waiting = open.get(name) ?? [];
      const found = waiting.findLastIndex(
        (place) => !sameAmount || view.amountFen(cancels, place) === amountFen,
      );
      if (found < 0) continue;
      view.setStatus(words, at, STATUS.reversed);
      waiting.splice(found, 1);
      if (waiting.length === 0) open.delete(name);
      break;
    }
  }
}

function linkKey(words: Int32Array, at: number, keys: number): number {
  for (let key = 0; key < keys; key++) if (words[at + key * KEY_WORDS + 2] !== 0) return key;
  return -1;
}

function linkName(words: Int32Array, at: number, keys: number): string {
  return keyName(words, at, linkKey(words, at, keys));
}

function keyName(words: Int32Array, at: number, key: number): string {
  if (key < 0) return '';
  const place = at + key * KEY_WORDS;
  return `${key}:${words[place]},${words[place + 1]},${words[place + 2]}`;
}
