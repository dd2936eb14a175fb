import { describe, expect, it } from "vitest";
import type { History } from "@api";
import { compareToday, standOf } from "./today";

/** Whole days of an hour each at a price, ending with today. */
function days(...prices: (string | null)[]): History {
  const labels: string[] = [];
  const values: string[] = [];
  const known: ("measured" | "missing")[] = [];
  prices.forEach((price, at) => {
    for (let hour = 0; hour < 24; hour += 1) {
      labels.push(`2026-03-0${at + 1}T${String(hour).padStart(2, "0")}:00+02:00`);
      values.push(price ?? "0.000000");
      known.push(price === null ? "missing" : "measured");
    }
  });
  return { labels, charged: { values }, series: [{ known }] } as unknown as History;
}

describe("today against the days before", () => {
  it("counts the hours before as far as today has come, minute by minute", () => {
    const history = days("1.000000", "2.000000", "3.000000", "0.500000");
    const found = compareToday(history, { today: "2026-03-04", hour: 6, minutes: 30 });
    expect(found.usual).toBe("13.000000");
    expect(found.spent).toBe("12.000000");
  });

  it("says nothing of what is usual before three days are known", () => {
    const history = days(null, "2.000000", "2.000000", "2.000000");
    expect(compareToday(history, { today: "2026-03-04", hour: 6, minutes: 0 }).usual).toBeNull();
  });

  it("takes a tenth up or down as usual", () => {
    expect(standOf({ spent: "10.9", usual: "10" })).toBe("usual");
    expect(standOf({ spent: "11.1", usual: "10" })).toBe("more");
    expect(standOf({ spent: "8.9", usual: "10" })).toBe("less");
  });
});
