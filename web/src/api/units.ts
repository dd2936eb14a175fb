import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "./client";
import { fetchWhole } from "./whole";

type Unit = Schemas["UnitName"];
const PATH = "/api/v1/estates/{estate_id}/unit-names";
const PAGE = 1000;
/** Names change rarely; hints of readings come all the time. */
const FRESH_MS = 300_000;

/** The names of an estate's units, for lists that know them by number alone and for choosing one. */
export function useUnits(path: { estate_id: number }): { units: Unit[]; nameOf: (unitId: number) => string } {
  const asked = useQuery({
    // first words unlike those of lists, so that no hint asks for all of it again
    queryKey: ["units of", path.estate_id],
    staleTime: FRESH_MS,
    queryFn: async () => {
      const units = await fetchWhole((after_id) => api.GET(PATH, { params: { path, query: { after_id, limit: PAGE } } }));
      return { units, names: new Map(units.map((each) => [each.unit_id, each.name])) };
    },
  });
  return {
    units: asked.data?.units ?? [],
    nameOf: (unitId) => asked.data?.names.get(unitId) ?? `#${unitId}`,
  };
}
