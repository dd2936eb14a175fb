import { expect, it } from "vitest";
import { estatesTable, stateOf, type Assignment } from "./rates";

let next = 1;
function assigned(rate_table_id: number, effective_from: string, more: Partial<Assignment> = {}): Assignment {
  const at = "2026-01-01T00:00:00Z";
  const plain = { utility: "electricity", role: "supply", scope: "estate", target_id: null, effective_until: null, actor: "staff:a", reason: "", created_at: at } as const;
  return { rate_assignment_id: next++, rate_table_id, effective_from, ...plain, ...more };
}

it("a table is in force, coming, over or a draft", () => {
  const all = [assigned(1, "2025-01-01"), assigned(2, "2026-01-01"), assigned(3, "2026-07-01")];
  const states = [1, 2, 3, 4].map((rate_table_id) => stateOf({ rate_table_id }, all, "2026-03-01"));
  expect(states).toEqual(["past", "in_force", "coming", "draft"]);
  expect(estatesTable(all, "electricity", "2026-03-01")).toBe(2);
  expect(estatesTable(all, "water", "2026-03-01")).toBeNull();
});

it("a correction of the same date takes the place of the first, and an end ends", () => {
  const all = [assigned(1, "2026-01-01"), assigned(2, "2026-01-01"), assigned(5, "2026-01-01", { scope: "unit", target_id: 7, effective_until: "2026-02-01" })];
  expect([1, 2, 5].map((rate_table_id) => stateOf({ rate_table_id }, all, "2026-03-01"))).toEqual(["past", "in_force", "past"]);
});

it("what holds again once something else has ended is coming, and what never begins is over", () => {
  const all = [assigned(1, "2026-01-01"), assigned(2, "2026-03-01", { effective_until: "2026-06-01" }), assigned(3, "2026-08-01", { effective_until: "2026-08-01" })];
  const states = (date: string) => [1, 2, 3].map((rate_table_id) => stateOf({ rate_table_id }, all, date));
  expect(states("2026-04-01")).toEqual(["coming", "in_force", "past"]);
  expect(states("2026-06-01")).toEqual(["in_force", "past", "past"]);
  expect(estatesTable(all, "electricity", "2026-06-01")).toBe(1);
});
