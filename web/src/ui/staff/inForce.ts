import type { Schemas } from "@api";

type Assignment = Schemas["RateAssignmentOut"];

/** From a local date on, a rate table (null: none) until the next segment begins. */
export interface Segment {
  from: string;
  rate_table_id: number | null;
}

/** All that ever holds for one target under one role, by date; two neighbours never have the same table. */
export interface Timeline extends Pick<Assignment, "utility" | "role" | "scope" | "target_id"> {
  segments: Segment[];
}

/**
 * What holds when, target by target, of all of an estate's assignments: the rule that charging goes by (`segments` in
 * `src/mita/tariffs/domain/assignment.py`), but that what is more specific does not count against what is less so.
 *
 * Both are held against the same cases, `tests/unit/tariffs/in_force.json`.
 */
export function timelines(assignments: Assignment[]): Timeline[] {
  const standing = new Map<string, Map<string, Assignment>>();
  // of those with the same first date the newest one stands
  for (const each of [...assignments].sort((one, other) => one.rate_assignment_id - other.rate_assignment_id)) {
    const at = `${each.utility}/${each.role}/${each.scope}/${each.target_id ?? ""}`;
    standing.set(at, (standing.get(at) ?? new Map<string, Assignment>()).set(each.effective_from, each));
  }
  return [...standing.values()].map((dates) => {
    const all = [...dates.values()];
    const { utility, role, scope, target_id } = all[0]!;
    return { utility, role, scope, target_id, segments: segmentsOf(all) };
  });
}

function segmentsOf(standing: Assignment[]): Segment[] {
  const days = new Set(standing.flatMap((each) => (each.effective_until === null ? [each.effective_from] : [each.effective_from, each.effective_until])));
  const found: Segment[] = [];
  for (const day of [...days].sort()) {
    // where what began later has ended, what began before it holds again
    const holding = standing.filter((each) => each.effective_from <= day && (each.effective_until === null || day < each.effective_until));
    const from = holding.map((each) => each.effective_from).sort().at(-1);
    const rate_table_id = holding.find((each) => each.effective_from === from)?.rate_table_id ?? null;
    if (rate_table_id !== (found.at(-1)?.rate_table_id ?? null)) found.push({ from: day, rate_table_id });
  }
  return found;
}

/** What holds on a local date, and what follows it. */
export function segmentOn({ segments }: Timeline, date: string): { now: Segment | undefined; next: Segment | undefined } {
  const at = segments.findLastIndex((each) => each.from <= date);
  return { now: segments[at], next: segments[at + 1] };
}
