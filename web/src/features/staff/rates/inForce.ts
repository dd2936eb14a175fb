import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "@api";

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
      const tables = await whole((after_id) => api.GET("/api/v1/estates/{estate_id}/rate-tables", { params: { path, query: { after_id, limit: PAGE } } }));
      const assignments = await whole((after_id) =>
        api.GET("/api/v1/estates/{estate_id}/rate-assignments", { params: { path, query: { after_id, limit: PAGE } } }),
      );
      return { tables, assignments };
    },
  });
}

interface Answered<Item> {
  data?: { items: Item[]; next?: number | string | null };
  error?: unknown;
}

async function whole<Item>(ask: (after: number) => Promise<Answered<Item>>): Promise<Item[]> {
  const found: Item[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { data, error } = await ask(after);
    if (data === undefined) throw error;
    found.push(...data.items);
    after = data.next == null ? null : Number(data.next);
  }
  return found;
}

function spot({ utility, role, scope, target_id }: Assignment): string {
  return `${utility}/${role}/${scope}/${target_id ?? ""}`;
}

/** The assignments that count, by target: of those with the same first date the newest one. */
function counting(assignments: Assignment[]): Map<string, Assignment[]> {
  const spots = new Map<string, Map<string, Assignment>>();
  for (const each of [...assignments].sort((one, other) => one.rate_assignment_id - other.rate_assignment_id)) {
    const dates = spots.get(spot(each)) ?? new Map<string, Assignment>();
    dates.set(each.effective_from, each);
    spots.set(spot(each), dates);
  }
  return new Map([...spots].map(([at, dates]) => [at, [...dates.values()].sort((one, other) => (one.effective_from < other.effective_from ? -1 : 1))]));
}

/** What holds on a local date, wherever it does. */
export function holdingOn(assignments: Assignment[], date: string): Assignment[] {
  return [...counting(assignments).values()].flatMap((row) => {
    const last = row.filter((each) => each.effective_from <= date).at(-1);
    return last === undefined || (last.effective_until !== null && last.effective_until <= date) ? [] : [last];
  });
}

/** Where a table stands on a local date: in force somewhere, coming, never assigned, or over. */
export function stateOf(table: Pick<Table, "rate_table_id">, assignments: Assignment[], date: string): State {
  const own = (each: Assignment): boolean => each.rate_table_id === table.rate_table_id;
  if (holdingOn(assignments, date).some(own)) return "in_force";
  if ([...counting(assignments).values()].flat().some((each) => own(each) && each.effective_from > date)) return "coming";
  return assignments.some(own) ? "past" : "draft";
}

/** The table that the estate as a whole is charged by for a utility, if there is one. */
export function estatesTable(assignments: Assignment[], utility: string, date: string, role = "supply"): number | null {
  const found = holdingOn(assignments, date).find((each) => each.utility === utility && each.role === role && each.scope === "estate");
  return found?.rate_table_id ?? null;
}
