import { OFFLINE, problemOf, type Problem } from "../problem";
import { accessToken, signedInPerson } from "../session";
import { laneOf, type Item } from "./items";
import { send } from "./senders";
import { change, itemsOf, remove } from "./store";

const LOCK = "mita.outbox";
const TIMEOUT_MS = 45_000;
const BUSY = [408, 425, 429];

export interface Told {
  /** Something changed: an item goes, waits again or was refused. */
  changed: (sending: string | null) => void;
  answered: (item: Item, answer: unknown) => void;
}

/** Whether it may go better later; anything else is the server's word on it. */
export function isPassing({ status, code }: Problem): boolean {
  return status === 0 || status === 401 || status >= 500 || BUSY.includes(status) || code === "offline";
}

/** Whether the next item would fail in the same way. */
function isForAll({ status }: Problem): boolean {
  return status === 0 || status === 401 || status === 429;
}

/** Send what waits, oldest first. One tab at a time does it: whoever comes second waits and finds less to do. */
export async function deliver(told: Told): Promise<void> {
  const work = (): Promise<void> => sendAll(told);
  const locks = navigator.locks as LockManager | null | undefined;
  if (locks != null) return locks.request(LOCK, work);
  // an old browser: one at a time in this tab, and between tabs the keys see to it that nothing happens twice
  last = last.then(work, work);
  return last;
}

let last: Promise<void> = Promise.resolve();

async function sendAll(told: Told): Promise<void> {
  const blocked = new Set<string>();
  for (;;) {
    // asked each time: somebody else may have signed in meanwhile, in this tab or another
    const personId = (await accessToken()) === null ? null : signedInPerson();
    if (personId === null) return;
    const items = await itemsOf(personId);
    const next = items.find((each) => each.state === "waiting" && !blocked.has(laneOf(each)));
    if (next === undefined) return;
    told.changed(next.id);
    const problem = await sendOne(next, told);
    told.changed(null);
    if (problem === null) continue;
    if (isForAll(problem)) return;
    if (isPassing(problem)) blocked.add(laneOf(next));
  }
}

async function sendOne(item: Item, told: Told): Promise<Problem | null> {
  try {
    const answer = await send(item, AbortSignal.timeout(TIMEOUT_MS));
    await remove(item.id);
    told.answered(item, answer);
    return null;
  } catch (error) {
    const problem = error instanceof DOMException ? OFFLINE : problemOf(error);
    await change({ ...item, state: isPassing(problem) ? "waiting" : "refused", problem });
    return problem;
  }
}
