import { expect, it } from "vitest";
import type { Home } from "@api";
import { byNeed, stateOf, toRestore, totals } from "./homes";

function home(name: string, more: Partial<Home> = {}): Home {
  const estate = { estate_id: 1, name: "Willow", currency: "ZAR", time_zone: "UTC" } as Home["estate"];
  return { estate, name, wallet_id: 1, unit_id: 1, balance: { amount: "10.000000", currency: "ZAR" }, standing: "in_credit", days_left: 5, supplies: [], spend_limit: null, ...more } as Home;
}

function supply(more: object): Home["supplies"][number] {
  return { utility: "electricity", is_on: true, asked: null, stops: [], is_cutting: true, to_restore: null, ...more } as unknown as Home["supplies"][number];
}

it("what is off comes first, then what will be, then what is low; then whose money ends first", () => {
  const homes = [
    home("fine, nothing used", { days_left: null }),
    home("B10", { days_left: 9 }),
    home("B9", { days_left: 9 }),
    home("limited", { spend_limit: { is_reached: true } as Home["spend_limit"] }),
    home("low", { standing: "low", days_left: 2 }),
    home("out", { standing: "out", days_left: 0 }),
    home("going", { standing: "out", supplies: [supply({ asked: "off" })] }),
    home("off", { supplies: [supply({ is_on: false })] }),
  ];
  expect(byNeed(homes).map((each) => each.name)).toEqual(["off", "going", "out", "low", "limited", "B9", "B10", "fine, nothing used"]);
  expect(stateOf(home("x"))).toBe("fine");
});

it("money is added up by currency and exactly", () => {
  const naira = home("Lagos", { balance: { amount: "1234567890.100000", currency: "NGN" } });
  expect(totals([home("a"), naira, home("b", { balance: { amount: "-0.000001", currency: "ZAR" } })])).toEqual([
    { currency: "ZAR", amount: "9.999999" },
    { currency: "NGN", amount: "1234567890.100000" },
  ]);
});

it("what is told to bring a supply back is the most that one lacks", () => {
  const money = (amount: string) => ({ amount, currency: "ZAR" });
  const off = home("x", {
    supplies: [supply({ is_on: false, to_restore: money("9.000000") }), supply({ utility: "water", is_on: false, to_restore: money("33.000000") })],
  });
  expect(toRestore(off)?.supply.utility).toBe("water");
  expect(toRestore(home("y", { supplies: [supply({ is_on: false })] }))).toBeNull();
});
