import { QueryClient, type Query } from "@tanstack/react-query";
import { createSyncStoragePersister } from "@tanstack/query-sync-storage-persister";
import type { PersistQueryClientOptions } from "@tanstack/react-query-persist-client";
import { problemOf } from "./problem";
import { onSessionEnd, signedInPerson } from "./session";

const KEPT = "mita.last-known";
const WEEK_MS = 7 * 24 * 3600_000;
const TRIES_MAX = 2;
/** What the home page and a reading by hand need without a connection, each with the time at which it was true. */
const LAST_KNOWN = [
  "/api/v1/me",
  "/api/v1/me/homes",
  "/api/v1/estates/{estate_id}/homes",
  "/api/v1/estates/{estate_id}/wallets/{wallet_id}/supplies",
  "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spending-summary",
  "/api/v1/estates/{estate_id}/meters",
  "/api/v1/estates/{estate_id}/meters/{meter_id}",
  "/api/v1/estates/{estate_id}/reading-window",
];

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: WEEK_MS,
      retry: (count, error) => count < TRIES_MAX && isPassing(problemOf(error).status),
      networkMode: "always",
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: "always" },
  },
});

/** Whether a write that carries a key is sent once more by itself: nobody knows whether it arrived, and twice it happens once. */
export function sentAgain(count: number, error: unknown): boolean {
  return count < 3 && [0, 502, 503, 504].includes(problemOf(error).status);
}

function isPassing(status: number): boolean {
  // a token that the server no longer knows was followed by another one meanwhile, or the session is over
  const isRenewed = status === 401 && signedInPerson() !== null;
  return status === 0 || status === 429 || status >= 500 || isRenewed;
}

const storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> = {
  getItem: (key) => localStorage.getItem(key),
  // written a while after the change: by then who signed out may have left nothing, and nothing is kept of them
  setItem: (key, kept) => (queries.getQueryCache().getAll().length === 0 ? localStorage.removeItem(key) : localStorage.setItem(key, kept)),
  removeItem: (key) => localStorage.removeItem(key),
};

export const persistence: Omit<PersistQueryClientOptions, "queryClient"> = {
  persister: createSyncStoragePersister({ storage, key: KEPT, throttleTime: 2000 }),
  maxAge: WEEK_MS,
  buster: "1",
  dehydrateOptions: {
    shouldDehydrateQuery: isKept,
  },
};

/** What was told stays known while it cannot be asked again; what is refused by now goes. */
function isKept({ queryKey, state }: Pick<Query, "queryKey" | "state">): boolean {
  const isKnown = state.status === "success" || (state.data !== undefined && isPassing(problemOf(state.error).status));
  return isKnown && LAST_KNOWN.includes(String(queryKey[1]));
}

/** Whether figures of an earlier visit are kept here: they show at once, while who is here is asked. */
export function hasLastKnown(): boolean {
  return localStorage.getItem(KEPT) !== null;
}

onSessionEnd(() => {
  queries.clear();
  localStorage.removeItem(KEPT);
});
