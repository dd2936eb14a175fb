import { describe, expect, it } from "vitest";
import { lengths } from "./picture";

describe("the bars of a register's readings", () => {
  it("go from the smallest value to the largest", () => {
    expect(lengths(["100", "150", "200.000000"])).toEqual([0, 500, 1000]);
  });

  it("are all of full length where nothing was used, and none without readings", () => {
    expect(lengths(["7", "7"])).toEqual([1000, 1000]);
    expect(lengths([])).toEqual([]);
  });

  it("count values exactly that no double can tell apart", () => {
    expect(lengths(["90071992547.409930", "90071992547.409931", "90071992547.409932"])).toEqual([0, 500, 1000]);
  });
});
