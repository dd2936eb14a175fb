import { expect, test } from "vitest";
import { startOf } from "./instants";

test("local days begin at local midnight, on days on which the clock changes too", () => {
  expect(startOf("2026-03-01", "Africa/Johannesburg")).toBe("2026-02-28T22:00:00.000Z");
  expect(startOf("2026-03-29", "Europe/London")).toBe("2026-03-29T00:00:00.000Z");
  expect(startOf("2026-03-30", "Europe/London")).toBe("2026-03-29T23:00:00.000Z");
  expect(startOf("2026-11-01", "America/New_York")).toBe("2026-11-01T04:00:00.000Z");
  expect(startOf("2026-11-02", "America/New_York")).toBe("2026-11-02T05:00:00.000Z");
  // midnight is skipped: the day begins at one
  expect(startOf("2026-04-24", "Africa/Cairo")).toBe("2026-04-23T22:00:00.000Z");
  expect(startOf("2026-13-99", "UTC")).toBeNull();
});
