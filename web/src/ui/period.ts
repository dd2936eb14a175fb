import type { Span } from "@api";
import { localDate, plusDays } from "./format";

export type Period = "day" | "week" | "month" | "year";

const DAYS = { day: 1, week: 7, month: 30 } as const;
const MONTHS_OF_YEAR = 12;

/** Return the local days of a period that ends with today, or of the `back`th one before it. */
export function spanOf(period: Period, { timeZone, back = 0, now = new Date() }: { timeZone: string; back?: number; now?: Date }): Span {
  const today = localDate(now, timeZone);
  if (period === "year") {
    const [year, month] = today.split("-").map(Number) as [number, number];
    const until = new Date(Date.UTC(year, month - back * MONTHS_OF_YEAR, 1));
    const from = new Date(Date.UTC(year, month - (back + 1) * MONTHS_OF_YEAR, 1));
    return { from: from.toISOString().slice(0, 10), to: until.toISOString().slice(0, 10), step: "month" };
  }
  const days = DAYS[period];
  const to = plusDays(today, 1 - back * days);
  return { from: plusDays(to, -days), to, step: period === "day" ? "hour" : "day" };
}
