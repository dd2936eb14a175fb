import { expect, it } from "vitest";
import { bodyOf, RULES, shownOf, type RulePath } from "./rules";

function rule(path: RulePath) {
  return RULES.find((each) => each.path === path)!;
}

it.each([
  ["charging-rule", { cadence: "hourly" }, { cadence: "hourly" }],
  ["rate-rule", { notice_days: null, benchmarks: { water: [3] } }, { notice_days: null, benchmarks: { water: [3] } }],
  ["loss-rule", { limit_percent: "10.0000" }, { limit_percent: "10" }],
  ["loss-rule", { limit_percent: null }, { limit_percent: null }],
  ["issue-rule", { kinds: ["leak", "tamper"], frozen_days: 30 }, { kinds: ["leak", "tamper"], frozen_days: 30 }],
  ["emergency-rule", { is_on: true, amount: { amount: "50.500000", currency: "ZAR" }, who: "manage" }, { is_on: true, amount: "50.5", who: "manage" }],
] as const)("what is shown of %s is what is sent back", (path, answer, body) => {
  expect(bodyOf(rule(path), shownOf(rule(path), answer), answer)).toEqual(body);
});

it("what the API adds to an answer is not sent back", () => {
  const answer = { is_on: true, amount: { amount: "50.000000", currency: "ZAR" }, who: "staff", lent_to: 3 };
  expect(bodyOf(rule("emergency-rule"), shownOf(rule("emergency-rule"), answer), answer)).toEqual({ is_on: true, amount: "50", who: "staff" });
});

it("a window that nobody has set begins empty, and a number that is none goes as it was typed", () => {
  const values = shownOf(rule("reading-window"), { rule: null, coming: [], window: null });
  expect(values).toEqual({ from_day: "", to_day: "", least_right: "none", needs_photo: false, late_days: "" });
  expect(bodyOf(rule("reading-window"), { ...values, from_day: "25", to_day: "x" }, {})).toMatchObject({ from_day: 25, to_day: "x" });
});
