import { useEffect, useSyncExternalStore } from "react";
import { onLive, refreshEstate } from "../live";
import { problemOf, type Problem } from "../problem";
import { personOfDevice, useSession } from "../session";
import type { Item, Kind, Payloads } from "./items";
import type { Answers } from "./senders";

export type { Item as OutboxItem, Kind as OutboxKind } from "./items";

/** What waits on this device for its way to the server, of the person who is here. */
export interface Outbox {
  items: readonly Item[];
  sending: string | null;
}

export type Outcome<K extends Kind> =
  | { state: "done"; answer: Answers[K] | null }
  | { state: "waiting" }
  | { state: "refused"; problem: Problem };

/** How many items lie on this device: a start without any loads nothing of this. */
const COUNT = "mita.outbox";
const AGAIN_MS = 60_000;
const EMPTY: Outbox = { items: [], sending: null };

let shown: Outbox = EMPTY;
const listeners = new Set<() => void>();
const answers = new Map<string, unknown>();
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(COUNT);

const store = () => import("./store");

function show(next: Outbox): void {
  shown = next;
  listeners.forEach((tell) => tell());
}

/** Read again what lies here. */
export async function readOutbox(): Promise<void> {
  const personId = personOfDevice();
  const items = personId === null ? [] : await (await store()).itemsOf(personId);
  if (personId !== null) localStorage.setItem(COUNT, String(items.length));
  show({ ...shown, items });
}

async function changed(): Promise<void> {
  await readOutbox();
  tabs?.postMessage("changed");
}

tabs?.addEventListener("message", () => void readOutbox().catch(() => undefined));

/** Send what waits; it does nothing while nothing does. */
export async function deliverOutbox(): Promise<void> {
  const { deliver } = await import("./deliver");
  await deliver({
    changed: (sending) => {
      show({ ...shown, sending });
      // what is shown comes late then; the item itself goes on
      void changed().catch(() => undefined);
    },
    answered: (item, answer) => {
      answers.set(item.id, answer);
      refreshEstate(item.payload.estate_id);
    },
  });
  await changed();
}

/**
 * Write something down and send it; what cannot be sent now waits, and goes by itself later.
 * What is refused at once is the caller's to show, and does not wait.
 */
export async function sendSafely<K extends Kind>(kind: K, payload: Payloads[K]): Promise<Outcome<K>> {
  const personId = personOfDevice();
  if (personId === null) return { state: "refused", problem: problemOf(null) };
  const item: Item<K> = {
    id: crypto.randomUUID(),
    kind,
    person_id: personId,
    made_at: nextMoment(),
    state: "waiting",
    problem: null,
    payload,
  };
  try {
    await (await store()).put(item);
  } catch {
    // a browser that keeps nothing (some private windows) can still send at once
    const { send } = await import("./senders");
    return { state: "done", answer: await send(item, AbortSignal.timeout(AGAIN_MS)) };
  }
  // asked where it is worth something: without it a phone short of room may throw it away
  void navigator.storage?.persist?.().catch(() => false);
  await changed();
  await deliverOutbox();
  const left = shown.items.find((each) => each.id === item.id);
  if (left === undefined) {
    const answer = (answers.get(item.id) as Answers[K] | undefined) ?? null;
    answers.delete(item.id);
    return { state: "done", answer };
  }
  if (left.state === "waiting") return { state: "waiting" };
  await deleteItem(item.id);
  return { state: "refused", problem: left.problem ?? problemOf(null) };
}

/** Now, and later than whatever was written down before: the order of items is that of their making. */
function nextMoment(): string {
  lastMade = Math.max(Date.now(), lastMade + 1);
  return new Date(lastMade).toISOString();
}

let lastMade = 0;

/** Send a refused item once more, as it is. */
export async function tryAgain(item: Item): Promise<void> {
  await (await store()).change({ ...item, state: "waiting", problem: null });
  await changed();
  await deliverOutbox();
}

export async function deleteItem(id: string): Promise<void> {
  await (await store()).remove(id);
  await changed();
}

/** Delete everything of whoever is here: they leave this device. */
export async function emptyOutbox(): Promise<void> {
  for (const each of shown.items) await (await store()).remove(each.id);
  await changed();
}

/** What waits, as it changes. */
export function useOutbox(): Outbox {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => shown,
  );
}

/** Send by itself: at the start, when the connection is back, and now and then while something waits. */
export function useOutboxDelivery(): void {
  const session = useSession();
  useEffect(() => {
    const look = (): void => {
      if (Number(localStorage.getItem(COUNT) ?? 0) === 0) return;
      void (session === "signed_in" ? deliverOutbox() : readOutbox()).catch(() => undefined);
    };
    if (session === "signed_out") show(EMPTY);
    else look();
    const again = (): void => {
      if (shown.items.some((each) => each.state === "waiting")) look();
    };
    const timer = window.setInterval(again, AGAIN_MS);
    const stopHearing = onLive(again);
    window.addEventListener("online", again);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener("online", again);
      stopHearing();
    };
  }, [session]);
}
