import { describe, expect, it } from "vitest";
import { valuesOf } from "./values";

const METERS = [{ serial: "E1" }, { serial: "W1" }];

describe("values of a unit's meters", () => {
  it("are those that were typed, in the meters' order", () => {
    expect(valuesOf(METERS, { W1: "3,5", E1: " 1 234 " })).toEqual([
      { meter: "E1", value: "1234" },
      { meter: "W1", value: "3.5" },
    ]);
    expect(valuesOf(METERS, { E1: " " })).toEqual([]);
  });

  it("are none where one is no number, or of another unit's meter", () => {
    expect(valuesOf(METERS, { E1: "12", W1: "twelve" })).toBeNull();
    expect(valuesOf(METERS, { X9: "12" })).toEqual([]);
  });
});
