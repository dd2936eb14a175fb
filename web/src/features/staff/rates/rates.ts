import { useQuery } from "@tanstack/react-query";
import { api, fetchWhole, type Schemas } from "@api";
import { segmentOn, timelines } from "@ui/staff";

export type Table = Schemas["RateTableOut"];
export type Assignment = Schemas["RateAssignmentOut"];
export const STATES = ["in_force", "coming", "draft", "past"] as const;
export type State = (typeof STATES)[number];
const PAGE = 1000;

/** Rate tables and where they hold: all of them, as what is in force follows from all assignments together. */
export function useRates(estate_id: number): { data: { tables: Table[]; assignments: Assignment[] } | undefined; error: unknown; isPending: boolean; refetch: () => unknown } {
  return useQuery({
    queryKey: ["staff-rates", { params: { path: { estate_id } } }],
    queryFn: async () => {
      const path = { estate_id };
      const tables = await fetchWhole((after_id) => api.GET("/api/v1/estates/{estate_id}/rate-tables", { params: { path, query: { after_id, limit: PAGE } } }));
      const assignments = await fetchWhole((after_id) =>
        api.GET("/api/v1/estates/{estate_id}/rate-assignments", { params: { path, query: { after_id, limit: PAGE } } }),
      );
      return { tables, assignments };
    },
  });
}

/** Where a table stands on a local date: in force somewhere, coming, never assigned, or over. */
export function stateOf({ rate_table_id }: Pick<Table, "rate_table_id">, assignments: Assignment[], date: string): State {
  const found = timelines(assignments);
  if (found.some((each) => segmentOn(each, date).now?.rate_table_id === rate_table_id)) return "in_force";
  if (found.some(({ segments }) => segments.some((each) => each.rate_table_id === rate_table_id && each.from > date))) return "coming";
  return assignments.some((each) => each.rate_table_id === rate_table_id) ? "past" : "draft";
}

/** The table that the estate as a whole is charged by for a utility, if there is one. */
export function estatesTable(assignments: Assignment[], utility: string, date: string): number | null {
  const found = timelines(assignments).find((each) => each.utility === utility && each.role === "supply" && each.scope === "estate");
  return found === undefined ? null : (segmentOn(found, date).now?.rate_table_id ?? null);
}
