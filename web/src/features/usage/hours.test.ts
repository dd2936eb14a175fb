import { describe, expect, it } from "vitest";
import type { History } from "@api";
import { byDay, tellsHours, usualDay } from "./hours";

type Known = History["series"][number]["known"][number];

/** Labels of whole days from the first of March on, with the values and marks of one utility. */
function history(values: (string | null)[], known: Known[], more: Partial<History["series"][number]>[] = []): History {
  const labels = values.map((_, at) => `2026-03-0${1 + Math.floor(at / 24)}T${String(at % 24).padStart(2, "0")}:00+02:00`);
  const one = { utility: "electricity", register: "import", unit: "kWh", values, known };
  return { step: "hour", labels, series: [one, ...more.map((each) => ({ ...one, ...each }))] } as unknown as History;
}

const three = Array.from({ length: 72 }, (_, at) => (at === 5 ? "1.000001" : at === 29 ? "2.000002" : at === 53 ? "9" : "0"));
const measured = three.map((): Known => "measured");

describe("a usual day", () => {
  it("is the average of each hour, without today", () => {
    const average = usualDay(history(three, measured), { utility: "electricity", today: "2026-03-03" });
    expect(average[5]).toBe("1.500001");
    expect(average[6]).toBe("0.000000");
    expect(average).toHaveLength(24);
  });

  it("leaves out hours of which only a part is known, and knows nothing of other utilities", () => {
    const known = measured.map((each, at): Known => (at === 5 ? "partial" : at === 6 || at === 30 ? "missing" : each));
    const average = usualDay(history(three, known), { utility: "electricity", today: "2026-03-03" });
    expect([average[5], average[6]]).toEqual(["2.000002", null]);
    expect(usualDay(history(three, known), { utility: "water", today: "" })).toEqual(Array(24).fill(null));
  });

  it("adds up meters, and takes nothing off for what is fed in", () => {
    const average = usualDay(history(three, measured, [{}, { register: "export" }]), { utility: "electricity", today: "2026-03-02" });
    expect(average[5]).toBe("10.000001");
  });
});

describe("hours day by day", () => {
  it("stand in rows, unknown ones blank", () => {
    const known = measured.map((each, at): Known => (at === 24 ? "missing" : each));
    const { days, values } = byDay(history(three, known), "electricity");
    expect(days).toEqual(["2026-03-01", "2026-03-02", "2026-03-03"]);
    expect([values[0]![5], values[1]![0], values[1]![5]]).toEqual(["1.000001", null, "2.000002"]);
  });

  it("add up an hour that the clock has twice", () => {
    const found = history(["1", "2", "4"], ["measured", "measured", "measured"]);
    found.labels.splice(0, 3, "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00");
    expect(byDay(found, "electricity").values[0]!.slice(1, 4)).toEqual([null, "3.000000", "4.000000"]);
  });
});

it("hours mean nothing where readings lie days apart", () => {
  expect(tellsHours(history(three, measured), "electricity")).toBe(true);
  expect(tellsHours(history(three, three.map((): Known => "spread")), "electricity")).toBe(false);
  expect(tellsHours(history(three, three.map((): Known => "missing")), "electricity")).toBe(false);
});
