import { describe, expect, it } from "vitest";
import { formatsFor, localDate, plusDays } from "./format";
import { decimal, isNegative, micro, plain, sum } from "./money";
import { spanOf } from "./period";

describe("money", () => {
  it("is exact where floats are not", () => {
    expect(sum(["0.1", "0.2", null])).toBe("0.300000");
    expect(sum(["9007199254740993.000001", "-0.000001"])).toBe("9007199254740993.000000");
  });

  it("keeps the sign of what is between zero and one", () => {
    expect(micro("-0.000001")).toBe(-1n);
    expect(decimal(-1n)).toBe("-0.000001");
    expect(isNegative("-0.5")).toBe(true);
    expect(isNegative("0.000000")).toBe(false);
  });

  it("refuses what is no amount, and what it could not keep", () => {
    expect(() => micro("abc")).toThrow();
    expect(() => micro("0.0000001")).toThrow();
  });
});

describe("an amount as people write it", () => {
  it.each([
    ["100.000000", "100"],
    ["100", "100"],
    ["12.340000", "12.34"],
    ["0.000000", "0"],
    ["-0.500000", "-0.5"],
  ])("%s is %s", (amount, written) => expect(plain(amount)).toBe(written));
});

describe("formats", () => {
  const formats = formatsFor("en-GB", "ZAR", "Africa/Johannesburg");

  it("shows money of the estate, rounded half up once", () => {
    expect(formats.money("1234.565")).toBe("R\u00a01,234.57".replace("R\u00a0", formats.money("0").replace("0.00", "")));
    expect(formats.money("9007199254740993.5")).toContain("9,007,199,254,740,993.50");
  });

  it("shows times by the estate's clock, not the reader's", () => {
    expect(formats.time("2026-03-01T22:30:00Z")).toBe("00:30");
    expect(localDate(new Date("2026-03-01T22:30:00Z"), "Africa/Johannesburg")).toBe("2026-03-02");
  });

  it("shows a local date as that day, where noon in UTC is the next day already", () => {
    const auckland = formatsFor("en-GB", "NZD", "Pacific/Auckland");
    expect(auckland.date("2026-01-15")).toBe("Thu 15 Jan");
    expect(auckland.day("2026-01-15T12:00:00Z")).toBe("Fri 16 Jan");
  });

  it("is made once for all who ask, and never taken for another estate's", () => {
    expect(formatsFor("en-GB", "ZAR", "Africa/Johannesburg")).toBe(formats);
    expect(formatsFor("en-GB", "ZAR", "UTC").time("2026-03-01T22:30:00Z")).toBe("22:30");
    expect([formats.money("1"), formats.money("1", { sign: true }), formats.money("1", { currency: "XXX" })].map((each) => each.includes("+"))).toEqual([false, true, false]);
  });

  it("shows labels as the API means them, whatever the reader's zone", () => {
    expect(formats.label("2026-03-01T05:00+02:00", "hour")).toBe("05:00");
    expect(formats.label("2026-03-01", "day")).toBe("Sun 1");
    expect(formats.label("2026-03-01", "month")).toBe("Mar 2026");
  });

  it("shows quantities with the places that their size needs", () => {
    expect(formats.quantity("0.252000", "kWh")).toBe("0.25\u00a0kWh");
    expect(formats.quantity("40270.479000", "kWh")).toBe("40,270.5\u00a0kWh");
    expect(formats.quantity("0.006000", "m3")).toBe("0.006\u00a0m³");
  });
});

describe("periods", () => {
  const of = { timeZone: "Africa/Johannesburg", now: new Date("2026-03-01T22:30:00Z") };

  it("end with today in the estate", () => {
    expect(spanOf("week", of)).toEqual({ from: "2026-02-24", to: "2026-03-03", step: "day" });
    expect(spanOf("day", { ...of, back: 1 })).toEqual({ from: "2026-03-01", to: "2026-03-02", step: "hour" });
    expect(spanOf("year", of)).toEqual({ from: "2025-04-01", to: "2026-04-01", step: "month" });
  });

  it("go over the end of a month", () => {
    expect(plusDays("2026-02-28", 1)).toBe("2026-03-01");
    expect(plusDays("2024-03-01", -1)).toBe("2024-02-29");
  });
});
