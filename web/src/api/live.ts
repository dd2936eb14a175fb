import { createParser } from "eventsource-parser";
import type { Query, QueryKey } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { queries } from "./queries";
import { accessToken, useSession } from "./session";

interface Hint {
  type: string;
  estate_id?: number;
}

export type LiveState = "live" | "connecting";

const WAITS_MS = [1000, 2000, 5000, 15_000, 30_000];
/** Hints come in bursts; one look a second is enough. */
const GATHER_MS = 1000;
/** Longer than two heartbeats of the server. */
const SILENT_MS = 40_000;

let state: LiveState = "connecting";
const listeners = new Set<() => void>();

function become(next: LiveState): void {
  if (next === state) return;
  state = next;
  listeners.forEach((tell) => tell());
}

/** Days of hours are many values, and a long list is many pages: while meters talk all the time, they are read again once a minute. */
const HEAVY = ["consumption-history"];
const PAGES_LIGHT = 3;
const HEAVY_MS = 60_000;
let heavyTimer = 0;

function isOf(queryKey: QueryKey, estateId: number | undefined): boolean {
  const of = (queryKey[2] as { params?: { path?: { estate_id?: number } } } | undefined)?.params?.path?.estate_id;
  return estateId === undefined || of === undefined || of === estateId;
}

/** Ask again for whatever is shown of an estate; of all estates where it is not told which. */
export function refreshEstate(estateId: number | undefined): void {
  void queries.invalidateQueries({ predicate: ({ queryKey }) => isOf(queryKey, estateId) });
}

function isHeavy({ queryKey, state: { data } }: Query): boolean {
  const { pages } = (data ?? {}) as { pages?: unknown[] };
  return HEAVY.some((each) => String(queryKey[1]).endsWith(each)) || (Array.isArray(pages) && pages.length > PAGES_LIGHT);
}

function refreshAfterHint(estateId: number | undefined): void {
  void queries.invalidateQueries({
    predicate: (query) =>
      isOf(query.queryKey, estateId) && (!isHeavy(query) || Date.now() - query.state.dataUpdatedAt > HEAVY_MS),
  });
  heavyTimer ||= window.setTimeout(() => {
    heavyTimer = 0;
    void queries.invalidateQueries({ predicate: isHeavy });
  }, HEAVY_MS);
}

async function follow(signal: AbortSignal): Promise<void> {
  const gathered = new Set<number | undefined>();
  let timer = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      const hint = JSON.parse(data) as Hint;
      gathered.add(hint.type === "reset" ? undefined : hint.estate_id);
      timer ||= window.setTimeout(() => {
        timer = 0;
        gathered.forEach(refreshAfterHint);
        gathered.clear();
      }, GATHER_MS);
    },
  });
  const token = await accessToken();
  const answer = await fetch("/api/v1/events", {
    headers: { authorization: `Bearer ${token ?? ""}`, accept: "text/event-stream" },
    signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(`the stream of hints answered ${answer.status}`);
  become("live");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await withTimeout(reader.read(), SILENT_MS);
    if (done) return;
    parser.feed(value);
  }
}

function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(() => reject(new Error("the stream is silent")), ms);
    work.then(resolve, reject).finally(() => window.clearTimeout(timer));
  });
}

/** Follow the stream of hints while somebody is signed in; it comes back by itself, slower each time. */
export function useLiveStream(): void {
  const session = useSession();
  useEffect(() => {
    if (session !== "signed_in") return undefined;
    const ending = new AbortController();
    void (async () => {
      let failures = 0;
      while (!ending.signal.aborted) {
        const since = Date.now();
        const one = new AbortController();
        const end = (): void => one.abort();
        ending.signal.addEventListener("abort", end);
        await follow(one.signal).catch(() => undefined);
        one.abort();
        ending.signal.removeEventListener("abort", end);
        become("connecting");
        failures = Date.now() - since > SILENT_MS ? 0 : failures + 1;
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]));
        if (!ending.signal.aborted) refreshEstate(undefined);
      }
    })();
    return () => ending.abort();
  }, [session]);
}

/** Tell whether what is shown follows by itself. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => state,
  );
}
