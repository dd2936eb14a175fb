import { expect, test } from "vitest";
import { hurt, pains, share, sorted, together, type Figures } from "./hurt";

function figures(name: string, more: Partial<Figures> = {}): Figures {
  const money = { amount: "0.000000", currency: "ZAR" };
  const counts = { units: 10, occupied: 9, vacant: 1, meters: 10, silent_meters: 0, accounts: 10, accounts_low: 0, accounts_out: 0 };
  const waiting = { open_alerts: 0, open_issues: 0, held_readings: 0, losses_above: 0 };
  const estate = { name, address: "", contact_name: null } as Figures["estate"];
  return { estate, ...counts, ...waiting, balances: money, revenue: money, revenue_before: money, costs: money, costs_before: money, surplus: null, surplus_before: null, ...more };
}

test("what is wrong is told, the urgent first, and nothing where nothing is", () => {
  expect(pains(figures("A"))).toEqual([]);
  expect(pains(figures("A", { accounts_low: 2, held_readings: 1, accounts_out: 3 }))).toEqual([
    { kind: "out", count: 3 },
    { kind: "held", count: 1 },
    { kind: "low", count: 2 },
  ]);
});

test("a small estate in the dark hurts more than a large one with a few", () => {
  const small = figures("Small", { accounts: 4, accounts_out: 4 });
  const large = figures("Large", { accounts: 400, accounts_out: 12 });
  expect(hurt(small)).toBeGreaterThan(hurt(large));
  expect(sorted([large, figures("Fine"), small], { order: "worst", words: "" }).map((each) => each.estate.name)).toEqual(["Small", "Large", "Fine"]);
  expect(share(1, 0)).toBe(0);
});

test("estates are found by words and put in order", () => {
  const all = [figures("Oak", { units: 3 }), figures("Willow", { units: 30 }), figures("Ash", { revenue: { amount: "1.000000", currency: "ZAR" } })];
  const names = (order: "name" | "units" | "revenue", words = ""): string[] => sorted(all, { order, words }).map((each) => each.estate.name);
  expect(names("name")).toEqual(["Ash", "Oak", "Willow"]);
  expect(names("units")).toEqual(["Willow", "Ash", "Oak"]);
  expect(names("revenue")).toEqual(["Ash", "Oak", "Willow"]);
  expect(names("name", " wILl")).toEqual(["Willow"]);
});

test("money of all is added up exactly, and only where it is one currency", () => {
  const one = figures("A", { revenue: { amount: "0.100000", currency: "ZAR" }, units: 2 });
  const other = figures("B", { revenue: { amount: "9007199254740993.000001", currency: "ZAR" }, units: 3 });
  expect(together([one, other])).toMatchObject({ units: 5, revenue: "9007199254740993.100001", currency: "ZAR" });
  const foreign = figures("C", { revenue: { amount: "5.000000", currency: "NGN" } });
  expect(together([one, foreign])).toMatchObject({ revenue: null, currency: null });
});

test("a surplus of all is told only where every estate books its costs", () => {
  const booked = figures("A", { surplus: { amount: "-0.100000", currency: "ZAR" } });
  expect(together([booked, figures("B", { surplus: { amount: "1.000001", currency: "ZAR" } })]).surplus).toBe("0.900001");
  expect(together([booked, figures("B")]).surplus).toBeNull();
});
