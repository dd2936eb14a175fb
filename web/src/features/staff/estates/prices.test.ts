import { expect, test } from "vitest";
import { inForce, pricesOf, typicalUse } from "./prices";
import { flowsOf } from "./flows";

type Assignment = Parameters<typeof inForce>[0][number];

function assigned(id: number, from: string, more: Partial<Assignment> = {}): Assignment {
  const rest = { actor: "", created_at: "", reason: "", role: "supply", scope: "estate", target_id: null, utility: "electricity", effective_until: null };
  return { ...rest, rate_assignment_id: id, rate_table_id: id, effective_from: from, ...more } as Assignment;
}

test("what is in force today, and what is next", () => {
  const all = [assigned(1, "2025-01-01"), assigned(3, "2026-09-01"), assigned(2, "2026-01-01"), assigned(4, "2027-01-01"), assigned(5, "2026-02-01", { scope: "unit", target_id: 7 })];
  const tables = (day: string) => inForce(all, day).map(({ now, next }) => [now?.rate_table_id, next?.rate_table_id]);
  expect(tables("2024-12-31")).toEqual([[undefined, 1]]);
  expect(tables("2026-08-31")).toEqual([[2, 3]]);
  expect(tables("2026-09-01")).toEqual([[3, 4]]);
});

test("an end is told, and what has ended is not", () => {
  const all = [assigned(1, "2025-01-01", { effective_until: "2026-01-01" })];
  expect(inForce(all, "2025-12-31")[0]).toMatchObject({ now: { from: "2025-01-01" }, next: { from: "2026-01-01", rate_table_id: null } });
  expect(inForce(all, "2026-01-01")).toEqual([]);
});

test("prices of all shapes are read", () => {
  const charges = [
    { name: "Energy", kind: "usage", price: { high: { P: "7.0", O: "1.5" }, low: "1.2" } },
    { name: "Water", kind: "usage", blocks: [{ up_to: "6", price: "10.00" }, { price: "25.00" }] },
    { name: "Line", kind: "fixed", per: "day", price: "3.24" },
    { name: "Sun", kind: "usage", register: "export", price: "0.80" },
  ];
  expect(pricesOf({ charges })).toEqual([
    { name: "Energy", per: "unit", prices: [{ when: "high P", price: "7.0", upTo: null }, { when: "high O", price: "1.5", upTo: null }, { when: "low", price: "1.2", upTo: null }] },
    { name: "Water", per: "unit", prices: [{ when: "", price: "10.00", upTo: "6" }, { when: "", price: "25.00", upTo: null }] },
    { name: "Line", per: "day", prices: [{ when: "", price: "3.24", upTo: null }] },
    { name: "Sun", per: "credit", prices: [{ when: "", price: "0.80", upTo: null }] },
  ]);
});

test("a typical unit uses its part of the last month", () => {
  const used = { totals: [{ utility: "electricity", register: "import", unit: "kWh", values: ["1.0", "1000.000001"], incomplete: [0, 0], total: "" }] };
  const asked = used as unknown as Parameters<typeof typicalUse>[0];
  expect(typicalUse(asked, { utility: "electricity", units: 3 })).toBe("333.333333");
  expect(typicalUse(asked, { utility: "water", units: 3 })).toBeNull();
  expect(typicalUse(asked, { utility: "electricity", units: 0 })).toBeNull();
});

test("energy flows in the newest month that is known, and a gain is no flow", () => {
  const step = (label: string, difference: string, known: string) => ({ label, bulk: "100.000000", sub_meters: "93.500000", difference, percent: "6.5", known });
  const bulk = (steps: object[]) => ({ covers: "estate", unit: "kWh", steps });
  const report = (steps: object[]) => ({ utility: "electricity", items: [bulk(steps)] }) as unknown as Parameters<typeof flowsOf>[0];
  const found = flowsOf(report([step("2026-01-01", "6.500000", "measured"), step("2026-02-01", "6.500000", "partial")]), undefined);
  expect(found!.label).toBe("2026-01-01");
  expect(found!.flows.map(({ to, amount }) => [to, amount])).toEqual([["estate", "100.000000"], ["units", "93.500000"], ["loss", "6.500000"]]);
  expect(flowsOf(report([step("2026-01-01", "-6.500000", "measured")]), undefined)!.flows).toHaveLength(2);
  expect(flowsOf(report([step("2026-01-01", "6.5", "missing")]), undefined)).toBeNull();
});
