import { describe, expect, it } from "vitest";
import { linesOf, readShare, type Typed } from "./share";

const NOTHING: Typed = { way: "equal", total: "", target: "", parts: {} };

describe("what was typed to share money out", () => {
  it("is all that there is where no total is named", () => {
    expect(readShare(NOTHING, "500.00").body).toEqual({ way: "equal", total: null, target: null, percents: [], amounts: [] });
  });

  it("takes amounts by hand exactly, in the reader's writing, and leaves empty ones out", () => {
    const read = readShare({ ...NOTHING, way: "amounts", parts: { 7: "100,10", 8: "0.20", 9: "", 10: "0" } }, "500.00");
    expect(read.body?.amounts).toEqual([
      { wallet_id: 7, amount: "100.10" },
      { wallet_id: 8, amount: "0.20" },
    ]);
    expect(read.given).toBe("100.300000");
  });

  it("says at which home an amount is none", () => {
    const read = readShare({ ...NOTHING, way: "amounts", parts: { 7: "a lot", 8: "5" } }, "500.00");
    expect(read.body).toBeNull();
    expect(read.faults).toEqual({ 7: "amountWrong" });
  });

  it("refuses a cent more than there is, by hand and in all", () => {
    expect(readShare({ ...NOTHING, way: "amounts", parts: { 7: "500.01" } }, "500.00").faults).toEqual({ parts: "tooMuch" });
    expect(readShare({ ...NOTHING, way: "amounts", parts: { 7: "500" } }, "500.00").faults).toEqual({});
    expect(readShare({ ...NOTHING, total: "500.01" }, "500.00").faults).toEqual({ total: "tooMuch" });
  });

  it("takes percents up to a hundred together", () => {
    const asked = { ...NOTHING, way: "percent" as const, parts: { 7: "33.33", 8: "66.67" } };
    expect(readShare(asked, "500.00").body?.percents).toEqual([
      { wallet_id: 7, percent: "33.33" },
      { wallet_id: 8, percent: "66.67" },
    ]);
    expect(readShare({ ...asked, parts: { 7: "33.34", 8: "66.67" } }, "500.00").faults).toEqual({ parts: "overWhole" });
  });

  it("needs somebody who gets something, and a target to fill up to", () => {
    expect(readShare({ ...NOTHING, way: "amounts" }, "500.00").faults).toEqual({ parts: "nobody" });
    expect(readShare({ ...NOTHING, way: "need" }, "500.00").faults).toEqual({ target: "amountWrong" });
    expect(readShare({ ...NOTHING, way: "need", target: "150", total: "900" }, "500.00").body).toMatchObject({ target: "150", total: "900" });
  });
});

it("a preview adds up: before, what each gets, after, and what stays", () => {
  const money = (amount: string) => ({ amount, currency: "ZAR" });
  const wallet = (wallet_id: number, balance: string) =>
    ({ wallet_id, unit_id: wallet_id, name: `A${wallet_id}`, balance: money(balance), target: null, lacking: money("0"), spent: money("0"), days_left: null }) as const;
  const done = { group_id: 1, is_preview: true, is_repeat: false, journal_id: null, total: money("100.000001"), parts: [{ wallet_id: 1, amount: money("100.000001") }] };
  const { lines, stays } = linesOf(done, [wallet(1, "-23.000000"), wallet(2, "5.000000")], "500.000000");
  expect(lines.map(({ before, gets, after }) => [before, gets, after])).toEqual([
    ["-23.000000", "100.000001", "77.000001"],
    ["5.000000", "0", "5.000000"],
  ]);
  expect(stays).toBe("399.999999");
});
