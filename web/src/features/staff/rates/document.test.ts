import { describe, expect, it } from "vitest";
import { begun, cellsOf, letterAt, nextMonth, painted, priceOf, withTimes, type RateDocument, type Week } from "./document";

const WEEK: Week = { weekday: "OOOOOOOPPPSSSSSSSSPPPSOO", saturday: "O".repeat(24), sunday: "O".repeat(24) };
const SEASONS = { high: { from: "06-01", to: "08-31" }, low: { from: "09-01", to: "05-31" } };
const TABLE: RateDocument = { ...begun("ZAR", "2026-01-01"), seasons: SEASONS, clocks: { high: WEEK, low: WEEK } };

describe("prices", () => {
  it.each([
    ["one", "2.40"],
    ["by season", { high: "3.00", low: "2.00" }],
    ["by season and letter", { high: { O: "1.00", P: "3.00", S: "2.00" }, low: { O: "1.00", P: "1.50", S: "1.20" } }],
    ["mixed", { high: { O: "1.00", P: "3.00", S: "2.00" }, low: "1.10" }],
  ])("are read into cells and written the same: %s", (_, price) => {
    const cells = cellsOf(TABLE, price);
    expect(cells).toHaveLength(6);
    expect(cells.every((cell) => cell.price !== "")).toBe(true);
    expect(priceOf(cells)).toEqual(price);
  });

  it("by letter alone stand under no season", () => {
    const plain = { ...begun("ZAR", "2026-01-01"), clocks: WEEK };
    const price = { O: "1.00", P: "3.00", S: "2.00" };
    expect(priceOf(cellsOf(plain, price))).toEqual(price);
  });

  it("of a letter that is new are there, and of one that is gone are not", () => {
    const flat = { ...begun("ZAR", "2026-01-01"), charges: [{ name: "Energy", kind: "usage", price: "2.00" }] };
    const timed = withTimes(flat, (draft) => (draft.clocks = WEEK));
    expect(timed.charges[0]!.price).toBe("2.00");
    const dear = { ...timed, charges: [{ name: "Energy", kind: "usage", price: { O: "1.00", P: "3.00", S: "2.00" } }] };
    expect(withTimes(dear, (draft) => (draft.clocks = { ...WEEK, weekday: "PX".repeat(12) })).charges[0]!.price).toEqual({ O: "1.00", P: "3.00", X: "1.00" });
    expect(withTimes(dear, (draft) => delete draft.clocks).charges[0]!.price).toBe("1.00");
  });
});

describe("a week", () => {
  it("is painted hour by hour, also where it is written by half hours", () => {
    expect(painted(WEEK, "weekday", 23, "P").weekday).toBe("OOOOOOOPPPSSSSSSSSPPPSOP");
    const half = { ...WEEK, sunday: "O".repeat(47) + "P" };
    expect(letterAt(half, "sunday", 23)).toBe("OP");
    expect(painted(half, "sunday", 23, "S").sunday).toBe(`${"O".repeat(46)}SS`);
  });
});

it("the month after December is January", () => {
  expect([nextMonth("2026-12-31"), nextMonth("2026-01-31")]).toEqual(["2027-01-01", "2026-02-01"]);
});
