import { dehydrate, hydrate, QueryClient, type DehydrateOptions } from "@tanstack/react-query";
import { afterEach, describe, expect, it } from "vitest";
import { OFFLINE, type Problem } from "./problem";
import { persistence, queries } from "./queries";

// the same, as another copy of the library types it
const OPTIONS = persistence.dehydrateOptions as unknown as DehydrateOptions;
const KEY = ["get", "/api/v1/me/homes", {}];

async function asked(key: string[] | typeof KEY, again?: Problem): Promise<void> {
  queries.setQueryData(key, "as it was");
  if (again === undefined) return;
  const failing = { queryKey: key, queryFn: () => Promise.reject(again as never), retry: false, staleTime: 0 };
  await queries.fetchQuery(failing).catch(() => undefined);
}

/** What a start without a connection finds. */
function kept(): unknown {
  const later = new QueryClient();
  hydrate(later, JSON.parse(JSON.stringify(dehydrate(queries, OPTIONS))));
  return later.getQueryData(KEY);
}

describe("what is kept on the device", () => {
  afterEach(() => queries.clear());

  it("is what was told last", async () => {
    await asked(KEY);
    expect(kept()).toBe("as it was");
  });

  it.each([OFFLINE, { ...OFFLINE, status: 503, code: "unavailable" }])("stays while it cannot be asked again ($status)", async (problem) => {
    await asked(KEY, problem);
    expect(kept()).toBe("as it was");
  });

  it.each([403, 404])("goes with the right to see it (%i)", async (status) => {
    await asked(KEY, { ...OFFLINE, status, code: "refused" });
    expect(kept()).toBeUndefined();
  });

  it("is nothing else", async () => {
    await asked(["get", "/api/v1/estates/{estate_id}/transactions"]);
    expect(dehydrate(queries, OPTIONS).queries).toEqual([]);
  });
});
