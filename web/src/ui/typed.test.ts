import { describe, expect, it } from "vitest";
import { micro } from "./money";
import { readAmount, writeAmount } from "./typed";

describe("what people type", () => {
  it.each([
    ["20", "20"],
    [" 200 ", "200"],
    ["1,50", "1.50"],
    ["1.50", "1.50"],
    ["1 200,50", "1200.50"],
    ["1\u202f200,50", "1200.50"],
    ["1’200.50", "1200.50"],
    ["1,234.50", "1234.50"],
    ["1.234,50", "1234.50"],
    ["1,234,567", "1234567"],
    ["1.234.567,8", "1234567.8"],
  ])("is %s in every language", (typed, amount) => {
    for (const locale of ["en-GB", "fr", "pt", "en-ZA"]) expect(readAmount(typed, 2, locale)).toBe(amount);
  });

  it.each(["", "-20", "1.2.3", "1,23,456", "1,234,56", "1.234.5", "12,34.5", "1e9", "9999999999", "R 20", ".5", "5,"])("is nothing: %s", (typed) => {
    for (const locale of ["en-GB", "fr", "pt", "en-ZA"]) expect(readAmount(typed, 2, locale)).toBeNull();
  });

  it("has no more places than it may", () => {
    expect(readAmount("20.999", 2, "en-GB")).toBeNull();
    expect(readAmount("20.999", 3, "en-GB")).toBe("20.999");
  });

  it("is thousands where the page itself writes thousands so", () => {
    expect(readAmount("40,249", 3, "en-GB")).toBe("40249");
    expect(readAmount("40,249", 3, "pt")).toBe("40.249");
    expect(readAmount("40.249", 3, "pt")).toBe("40249");
    expect(readAmount("40.249", 3, "en-GB")).toBe("40.249");
    expect(readAmount("0,249", 3, "en-GB")).toBe("0.249");
  });

  it.each(["en-GB", "fr", "pt", "en-ZA", "zu", "sw", "ha"])("is read back as it was written: %s", (locale) => {
    for (const amount of ["85.125000", "1234.500000", "0.001000", "12345.678901", "7"]) {
      expect(micro(readAmount(writeAmount(amount, locale), 6, locale)!)).toBe(micro(amount));
    }
  });
});
