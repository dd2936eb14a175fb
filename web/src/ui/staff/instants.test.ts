import { expect, test } from "vitest";
import { instantOf, localOf, startOf } from "./instants";

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

test("a time is that of the estate's clocks, wherever the reader is", () => {
  expect(instantOf("2026-11-22T21:05", "Africa/Johannesburg")).toBe("2026-11-22T19:05:00.000Z");
  expect(instantOf("2026-11-22T21:05:07", "Asia/Kathmandu")).toBe("2026-11-22T15:20:07.000Z");
  // skipped by summer time: the first instant after it; shown twice: the first of the two
  expect(instantOf("2026-03-29T01:30", "Europe/London")).toBe("2026-03-29T01:00:00.000Z");
  expect(instantOf("2026-10-25T01:30", "Europe/London")).toBe("2026-10-25T00:30:00.000Z");
  expect(instantOf("", "UTC")).toBeNull();
  expect(instantOf("2026-02-31T00:00", "UTC")).toBeNull();
  expect(instantOf("tomorrow", "UTC")).toBeNull();
});

test("an instant is shown as the estate's clocks show it, and read again as the same", () => {
  expect(localOf("2026-11-22T19:05:00Z", "Africa/Johannesburg")).toBe("2026-11-22T21:05");
  expect(localOf("2026-11-22T19:05:07.9Z", "Africa/Johannesburg")).toBe("2026-11-22T21:05:07");
  for (const zone of ["Europe/London", "America/New_York", "Asia/Kathmandu", "Africa/Cairo"]) {
    for (let day = 1; day < 366; day += 13) {
      const at = new Date(Date.UTC(2026, 0, day, 3, 17)).toISOString();
      expect(instantOf(localOf(at, zone), zone)).toBe(at);
    }
  }
});
