import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Schemas } from "@api";
import { segmentOn, timelines } from "./inForce";

type Assignment = Schemas["RateAssignmentOut"];
interface Case {
  name: string;
  assignments: [id: number, table: number, from: string, until: string | null][];
  segments: [from: string, table: number | null][];
}
// what charging goes by is held against the same file, in test_assignment.py
const CASES = JSON.parse(readFileSync("../tests/unit/tariffs/in_force.json", "utf8")) as Case[];

function assigned([rate_assignment_id, rate_table_id, effective_from, effective_until]: Case["assignments"][number], more: Partial<Assignment> = {}): Assignment {
  const rest = { actor: "", created_at: "", reason: "", role: "supply", scope: "estate", target_id: null, utility: "electricity" } as const;
  return { ...rest, rate_assignment_id, rate_table_id, effective_from, effective_until, ...more };
}

it.each(CASES)("$name", ({ assignments, segments }) => {
  const [found] = timelines(assignments.map((each) => assigned(each)));
  expect(found!.segments.map(({ from, rate_table_id }) => [from, rate_table_id])).toEqual(segments);
});

it("utilities, roles, scopes and targets have timelines of their own", () => {
  const others = [{ utility: "water" }, { role: "levy" }, { scope: "unit", target_id: 7 }, { scope: "meter", target_id: 7 }, { scope: "unit", target_id: 8 }] as const;
  const all = others.map((more, at) => assigned([at + 2, at + 12, "2026-02-01", null], more));
  const found = timelines([assigned([1, 11, "2026-01-01", null]), ...all]);
  expect(found.map(({ segments }) => segments.map((each) => each.rate_table_id))).toEqual([[11], [12], [13], [14], [15], [16]]);
  expect(found.map(({ utility, role, scope, target_id }) => [utility, role, scope, target_id].join())).toEqual([
    "electricity,supply,estate,",
    "water,supply,estate,",
    "electricity,levy,estate,",
    "electricity,supply,unit,7",
    "electricity,supply,meter,7",
    "electricity,supply,unit,8",
  ]);
});

it("on a date there is what holds and what follows", () => {
  const [line] = timelines([assigned([1, 11, "2026-01-01", "2026-02-01"])]);
  const [begins, ends] = line!.segments;
  expect(segmentOn(line!, "2025-12-31")).toEqual({ now: undefined, next: begins });
  expect(segmentOn(line!, "2026-01-01")).toEqual({ now: begins, next: ends });
  expect(segmentOn(line!, "2026-01-31")).toEqual({ now: begins, next: ends });
  expect(segmentOn(line!, "2026-02-01")).toEqual({ now: ends, next: undefined });
});
