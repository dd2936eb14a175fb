import { QueryClient } from "@tanstack/react-query";
import { createSyncStoragePersister } from "@tanstack/query-sync-storage-persister";
import type { PersistQueryClientOptions } from "@tanstack/react-query-persist-client";
import { problemOf } from "./problem";
import { onSessionEnd } from "./session";

const KEPT = "mita.last-known";
const WEEK_MS = 7 * 24 * 3600_000;
const TRIES_MAX = 2;
/** What the pages of a home and of all homes show without a connection, each with the time at which it was true. */
const LAST_KNOWN = [
  "/api/v1/me",
  "/api/v1/estates",
  "/api/v1/estates/{estate_id}/homes",
  "/api/v1/estates/{estate_id}/wallets",
  "/api/v1/estates/{estate_id}/units",
  "/api/v1/estates/{estate_id}/wallets/{wallet_id}/supplies",
  "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spending-summary",
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

function isPassing(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}

export const persistence: Omit<PersistQueryClientOptions, "queryClient"> = {
  persister: createSyncStoragePersister({ storage: window.localStorage, key: KEPT, throttleTime: 2000 }),
  maxAge: WEEK_MS,
  buster: "1",
  dehydrateOptions: {
    shouldDehydrateQuery: (query) =>
      query.state.status === "success" && LAST_KNOWN.includes(String(query.queryKey[1])),
  },
};

onSessionEnd(() => {
  queries.clear();
  localStorage.removeItem(KEPT);
});
