import type { History } from "@api";
import { decimal, micro } from "@ui";

export interface Today {
  /** What was charged since midnight. */
  spent: string;
  /** What the days before had been charged by this time, on average; null while too few are known. */
  usual: string | null;
}

const DAYS_MIN = 3;

/**
 * Compare today with the days before it, hour by hour of the estate's clock.
 *
 * `history` has steps of an hour and ends with today; `today` is its local date, `minutes` how many have passed
 * of the current hour. Of the current hour the days before count as much as has passed of it.
 */
export function compareToday(history: History, { today, hour, minutes }: { today: string; hour: number; minutes: number }): Today {
  const values = history.charged?.values ?? [];
  const days = new Map<string, bigint>();
  let spent = 0n;
  history.labels.forEach((label, at) => {
    const charged = micro(values[at] ?? "0");
    const day = label.slice(0, 10);
    if (day === today) {
      spent += charged;
      return;
    }
    if (history.series.every(({ known }) => known[at] === "missing")) return;
    const of = Number(label.slice(11, 13));
    const part = of < hour ? charged : of === hour ? (charged * BigInt(minutes)) / 60n : 0n;
    days.set(day, (days.get(day) ?? 0n) + part);
  });
  const total = [...days.values()].reduce((sum, each) => sum + each, 0n);
  return { spent: decimal(spent), usual: days.size < DAYS_MIN ? null : decimal(total / BigInt(days.size)) };
}

/** How today stands: within a tenth of the usual is as usual. */
export function standOf({ spent, usual }: { spent: string; usual: string }): "less" | "usual" | "more" {
  const [now, then] = [micro(spent), micro(usual)];
  if (now * 10n > then * 11n) return "more";
  return now * 10n < then * 9n ? "less" : "usual";
}
