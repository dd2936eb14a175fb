import { createContext, useContext, type ReactNode } from "react";
import { useQueries } from "@tanstack/react-query";
import { $api, type Schemas } from "./client";

/** A unit that the reader has something of, with its estate and its wallet. */
export interface Place {
  estate: Schemas["EstateOut"];
  unitId: number;
  unitName: string;
  wallet: Schemas["WalletOut"];
}

const Context = createContext<Place | null>(null);

export function PlaceProvider({ place, children }: { place: Place; children: ReactNode }): ReactNode {
  return <Context value={place}>{children}</Context>;
}

/** The place that the page is about. Pages of residents stand below a provider. */
export function usePlace(): Place {
  const place = useContext(Context);
  if (place === null) throw new Error("usePlace outside of a place");
  return place;
}

/** Every place of the reader: units whose wallet they see, in all their estates. */
export function usePlaces(): { places: Place[]; isPending: boolean; error: unknown; retry: () => void; at: number } {
  const estates = $api.useQuery("get", "/api/v1/estates", {}, { staleTime: 300_000 });
  const items = estates.data?.items ?? [];
  const wallets = useQueries({
    queries: items.map(({ estate_id }) =>
      $api.queryOptions("get", "/api/v1/estates/{estate_id}/wallets", { params: { path: { estate_id } } }),
    ),
  });
  const units = useQueries({
    queries: items.map(({ estate_id }) =>
      $api.queryOptions("get", "/api/v1/estates/{estate_id}/units", { params: { path: { estate_id } } }),
    ),
  });
  const places = items.flatMap((estate, at) =>
    (wallets[at]?.data?.items ?? []).map((wallet) => {
      const unit = units[at]?.data?.items.find((each) => each.unit_id === wallet.unit_id);
      return { estate, wallet, unitId: wallet.unit_id, unitName: unit?.name ?? `${wallet.unit_id}` };
    }),
  );
  const all = [estates, ...wallets, ...units];
  // the name of a unit may be missing, its money may not
  const needed = [estates, ...wallets];
  return {
    places,
    isPending: needed.some((each) => each.isPending),
    error: needed.find((each) => each.isError && each.data === undefined)?.error ?? null,
    retry: () => all.forEach((each) => void each.refetch()),
    at: Math.min(...needed.map((each) => each.dataUpdatedAt)),
  };
}
