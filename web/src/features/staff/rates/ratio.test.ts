import { expect, test } from "vitest";
import { largestOf, lengthOf, ratio } from "./ratio";

test("a share is exact to a millionth, whichever way it goes and however large", () => {
  expect(ratio("100.000000", "87.600000")).toBe("0.124000");
  expect(ratio("100.000000", "112.400000")).toBe("0.124000");
  expect(ratio("3.000000", "4.000000")).toBe("0.333333");
  expect(ratio("3.000000", "5.000000")).toBe("0.666667");
  expect(ratio("5.000000", "5.000000")).toBe("0.000000");
  expect(ratio("9007199254740993.000001", "18014398509481986.000002")).toBe("1.000000");
  // less than what is shown, and not nothing
  expect(ratio("1000000.000000", "1000001.000000")).toBe("0.000001");
});

test("nothing is a part of nothing, or of a credit", () => {
  expect(ratio("0.000000", "5.000000")).toBeNull();
  expect(ratio("-5.000000", "5.000000")).toBeNull();
});

test("bars end within their room", () => {
  const most = largestOf(["-3.000000", "0.000000", "12.500000", "25.000000"]);
  expect(most).toBe(25_000_000n);
  expect(["25", "12.5", "0", "-3"].map((each) => lengthOf(each, most, 1000))).toEqual([1000, 500, 0, 0]);
  expect(lengthOf("-3", largestOf(["-3"]), 1000)).toBe(0);
  expect(largestOf([])).toBe(0n);
});
