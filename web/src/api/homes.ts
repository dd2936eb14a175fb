import { useQueries } from "@tanstack/react-query";
import { $api, type Schemas } from "./client";
import { usePlaces, type Place } from "./place";

export type Estate = Schemas["EstateOut"];

/** A home of the reader: a wallet with its unit, in its estate. */
export interface Home extends Omit<Schemas["HomeOut"], "estate"> {
  estate: Estate;
}

/** As many homes of an estate as are shown; nobody pays for more than these by hand. */
const HOMES_MAX = 1000;

/** Every home of the reader over all their estates, as one question for each estate answers it; `estates` are those of their groups as well. */
export function useHomes(): { homes: Home[]; estates: Estate[]; isPending: boolean; error: unknown; retry: () => void; at: number } {
  const own = usePlaces();
  const items = [...new Map(own.places.map(({ estate }) => [estate.estate_id, estate])).values()];
  const asked = useQueries({
    queries: items.map(({ estate_id }) =>
      $api.queryOptions("get", "/api/v1/estates/{estate_id}/homes", { params: { path: { estate_id }, query: { limit: HOMES_MAX } } }),
    ),
  });
  return {
    homes: items.flatMap((estate, at) => (asked[at]?.data?.items ?? []).filter(isOwn).map((each) => ({ ...each, estate }))),
    estates: [...new Map([...items, ...own.groups.map(({ estate }) => estate)].map((estate) => [estate.estate_id, estate])).values()],
    isPending: own.isPending || asked.some((each) => each.isPending),
    error: own.error ?? asked.find((each) => each.isError && each.data === undefined)?.error ?? null,
    retry: () => {
      own.retry();
      asked.forEach((each) => void each.refetch());
    },
    at: Math.min(own.at, ...asked.map((each) => each.dataUpdatedAt)),
  };
}

/** Who works in an estate sees all of its wallets there; their homes are those that they have access to. */
function isOwn(home: Schemas["HomeOut"]): boolean {
  return home.right !== null;
}

/** The same of one home. */
export function useHome({ estate, unitId }: Place) {
  return $api.useQuery("get", "/api/v1/estates/{estate_id}/homes", {
    params: { path: { estate_id: estate.estate_id }, query: { unit_id: unitId } },
  });
}
