import type { History } from "@api";
import { decimal, micro } from "@ui";

export const HOURS = 24;

/** What hours used of a utility, with how well that is known. */
interface Hour {
  day: string;
  hour: number;
  value: bigint | null;
  isMeasured: boolean;
}

function hoursOf(history: History, utility: string): Hour[] {
  const mine = history.series.filter((each) => each.utility === utility && each.register === "import");
  return history.labels.map((label, at) => {
    const known = mine.map((each) => each.known[at]);
    // a part of an hour is no hour
    const isWhole = mine.length > 0 && known.every((each) => each === "measured" || each === "spread");
    return {
      day: label.slice(0, 10),
      hour: Number(label.slice(11, 13)),
      value: isWhole ? mine.reduce((total, each) => total + micro(each.values[at] ?? "0"), 0n) : null,
      isMeasured: isWhole && known.every((each) => each === "measured"),
    };
  });
}

/** Tell whether readings come often enough for hours to mean something: most of what is known is measured. */
export function tellsHours(history: History, utility: string): boolean {
  const known = hoursOf(history, utility).filter(({ value }) => value !== null);
  return known.filter(({ isMeasured }) => isMeasured).length * 2 > known.length;
}

/** Return what each hour of a day uses on average, rounded down, of all days but `today`; null where none is known. */
export function usualDay(history: History, { utility, today }: { utility: string; today: string }): (string | null)[] {
  const sums = Array.from({ length: HOURS }, () => ({ total: 0n, count: 0n }));
  hoursOf(history, utility).forEach(({ day, hour, value }) => {
    if (day === today || value === null) return;
    sums[hour]!.total += value;
    sums[hour]!.count += 1n;
  });
  return sums.map(({ total, count }) => (count === 0n ? null : decimal(total / count)));
}

/** Return what each hour of each day used, day by day; an hour that comes twice is one, as one that the clock leaves out is none. */
export function byDay(history: History, utility: string): { days: string[]; values: (string | null)[][] } {
  const found = new Map<string, (bigint | null)[]>();
  hoursOf(history, utility).forEach(({ day, hour, value }) => {
    const row = found.get(day) ?? Array<bigint | null>(HOURS).fill(null);
    row[hour] = value === null ? row[hour]! : (row[hour] ?? 0n) + value;
    found.set(day, row);
  });
  return { days: [...found.keys()], values: [...found.values()].map((row) => row.map((each) => (each === null ? null : decimal(each)))) };
}
