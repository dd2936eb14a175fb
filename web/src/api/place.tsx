import { createContext, useContext, type ReactNode } from "react";
import { $api, type Schemas } from "./client";

/** A unit whose wallet the reader has access to, with its estate. */
export interface Place {
  estate: Schemas["EstateOut"];
  unitId: number;
  unitName: string;
  right: Schemas["OwnHomeOut"]["right"];
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

type OwnGroup = Schemas["OwnGroupOut"];

/** Every home of the reader, over all estates, and the groups that they own: of these they may have no home. */
export function usePlaces(): { places: Place[]; groups: OwnGroup[]; isPending: boolean; error: unknown; retry: () => void; at: number } {
  const homes = $api.useQuery("get", "/api/v1/me/homes", {}, { select: placesOf });
  return {
    places: homes.data?.places ?? [],
    groups: homes.data?.groups ?? [],
    isPending: homes.isPending,
    error: homes.data === undefined ? homes.error : null,
    retry: () => void homes.refetch(),
    at: homes.dataUpdatedAt,
  };
}

// what is kept on the device may be from before there were groups in it
function placesOf({ items, groups = [] }: Omit<Schemas["OwnHomesOut"], "groups"> & { groups?: OwnGroup[] }): { places: Place[]; groups: OwnGroup[] } {
  return { places: items.map(({ unit_id, unit_name, ...each }) => ({ ...each, unitId: unit_id, unitName: unit_name })), groups };
}
