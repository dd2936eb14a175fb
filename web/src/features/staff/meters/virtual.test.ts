import { expect, test } from "vitest";
import { bodyOf, fractionOf, restOf, stepsOf, type Known } from "./virtual";

const register = (register_id: number): Known => ({ register_id, meter_id: register_id, meter: `E${register_id}`, register: "import", unit_id: 1, unit: "kWh" });
const FROM = "2026-11-22T19:00:00.000Z";

test("a formula is sent when it is whole", () => {
  const whole = {
    parts: [{ register: register(1), isLess: false }, { register: register(2), isLess: true }],
    results: [{ register: register(3), share: " 1/3 " }],
    stepMinutes: 60,
    fromAt: FROM,
    replaces: null,
  };
  expect(bodyOf(whole)).toEqual({ of: [1], less: [2], into: [{ register_id: 3, share: "1/3" }], step_minutes: 60, from_at: FROM });
  expect(bodyOf({ ...whole, replaces: 9 })?.replaces).toBe(9);
  // something must be added, something made, and a time be there
  expect(bodyOf({ ...whole, parts: [whole.parts[1]!] })).toBeNull();
  expect(bodyOf({ ...whole, results: [] })).toBeNull();
  expect(bodyOf({ ...whole, fromAt: null })).toBeNull();
  expect(bodyOf({ ...whole, results: [{ register: register(3), share: "2" }] })).toBeNull();
});

test("shares add up exactly", () => {
  expect(restOf(["1/3", "1/3", "1/3"])).toBe("none");
  expect(restOf(["0.333333", "0.333333", "0.333333"])).toBe("some");
  expect(restOf(["1/3", "1/3", "0.333334"])).toBe("tooMuch");
  expect(restOf(["1"])).toBe("none");
  expect(restOf(["half"])).toBe("wrong");
  for (const none of ["0", "0/3", "1/0", "3/2", "1.5", "-1", "", "1e3", "0.1234567"]) expect(fractionOf(none)).toBeNull();
});

test("each register rises by itself, below zero too", () => {
  const value = (register_id: number, hour: number, amount: string) => ({ register_id, taken_at: `2026-11-22T0${hour}:00:00Z`, value: { amount, unit: "kWh" as const }, is_estimated: false });
  const found = stepsOf([value(1, 0, "0.000000"), value(2, 0, "9.000000"), value(1, 1, "12345678901.000001"), value(2, 1, "8.500000")]);
  expect(found.get(1)?.map((each) => each.rise)).toEqual([null, "12345678901.000001"]);
  expect(found.get(2)?.map((each) => each.rise)).toEqual([null, "-0.500000"]);
  expect(stepsOf([]).size).toBe(0);
});
