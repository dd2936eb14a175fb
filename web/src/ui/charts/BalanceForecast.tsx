import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { isNegative } from "../money";
import { axes, plotted, told } from "./axes";
import { Figure } from "./Figure";
import type { Look } from "./look";
import { shownOr } from "./StackedBars";
import { useChartTexts, type Tell } from "./texts";

/** A day to come, at whose end so much is left: if little is used, if as much as usual, if much. */
export interface DayAhead {
  label: string;
  least: string;
  likely: string;
  most: string;
}

interface BalanceForecastProps {
  /** The ends of days that were; the last one is now. */
  past: { label: string; balance: string }[];
  ahead: DayAhead[];
  /** Balances at which something happens, such as the line below which it is low. */
  lines: { name: string; amount: string; isCut: boolean }[];
  /** The days on which nothing is left, as the reader is to see them; null where that is further off than the days ahead. */
  runsOut: { early: string | null; likely: string | null; late: string | null };
  shown: (amount: string) => string;
}

const DAYS_MIN = 7;

/** How a balance went, and where it goes: a line and a band down to nothing. */
export function BalanceForecast({ past, ahead: all, lines, runsOut, shown }: BalanceForecastProps): ReactNode {
  const t = useChartTexts();
  const now = past.at(-1);
  // once nothing is left in any case, a few days more say it
  const gone = all.findIndex(({ most }) => Number(most) <= 0);
  const ahead = gone < 0 ? all : all.slice(0, Math.max(gone + 1, DAYS_MIN));
  const labels = [...past.map(({ label }) => label), ...ahead.map(({ label }) => label)];
  const before = past.map(() => null);
  // joined to the line at the present day
  const join = past.map((_, at) => (at === past.length - 1 ? now!.balance : null));
  // prepaid money ends: a band below nothing would promise debt
  const floored = (amount: string): number => (now !== undefined && !isNegative(now.balance) ? Math.max(0, Number(amount)) : Number(amount));
  const tell = (at: number): string => {
    if (at < past.length) return `${labels[at]}\n${shown(past[at]!.balance)}`;
    const day = ahead[at - past.length]!;
    return [labels[at], `${t("likely")}  ${shown(day.likely)}`, `${t("between")}  ${shown(day.least)} – ${shown(day.most)}`].join("\n");
  };
  const draw = (look: Look): EChartsCoreOption => {
    const colour = look.series[0];
    const line = { type: "line", symbol: "none", itemStyle: { color: colour } };
    const none = { ...line, lineStyle: { opacity: 0 }, silent: true, stack: "band", stackStrategy: "all" };
    const lows = ahead.map(({ least }) => floored(least));
    const frame = axes(look, labels);
    return {
      ...frame,
      yAxis: { ...frame.yAxis, min: ({ min }: { min: number }) => Math.min(min, 0, ...lines.map(({ amount }) => Number(amount))) },
      tooltip: { ...told(tell), axisPointer: { type: "line" } },
      series: [
        { ...none, id: "least", data: [...before.slice(1), plotted(now?.balance), ...lows] },
        {
          ...none,
          id: "band",
          data: [...before.slice(1), now === undefined ? null : 0, ...ahead.map(({ most }, at) => floored(most) - lows[at]!)],
          areaStyle: { color: colour, opacity: 0.18 },
        },
        { ...line, id: "likely", data: [...join.map(plotted), ...ahead.map(({ likely }) => floored(likely))], lineStyle: { color: colour, width: 2, type: "dashed" } },
        {
          ...line,
          id: "past",
          data: past.map(({ balance }) => plotted(balance)),
          lineStyle: { color: colour, width: 3 },
          markLine: {
            silent: true,
            symbol: "none",
            animation: false,
            data: lines.map(({ name, amount, isCut }) => ({
              yAxis: Number(amount),
              lineStyle: { color: isCut ? look.out : look.low, type: isCut ? "solid" : "dashed", width: 1.5 },
              label: { formatter: `${name} ${shown(amount)}`, position: "insideStartTop", color: look.ink, fontSize: 12 },
            })),
          },
        },
      ],
    };
  };
  const table = {
    head: [t("day"), t("balance"), t("least"), t("likely"), t("most")],
    rows: [
      ...past.map(({ label, balance }) => [label, shown(balance), "", "", ""]),
      ...all.map(({ label, least, likely, most }) => [label, "", shown(least), shown(likely), shown(most)]),
    ],
  };
  return <Figure summary={forecastSummary({ past, ahead: all, runsOut, shown, t })} draw={draw} table={table} />;
}

type ForecastWords = Pick<BalanceForecastProps, "past" | "ahead" | "runsOut" | "shown"> & { t: Tell };

/** Return what the forecast says: on which day the money is probably gone, and between which days. */
export function forecastSummary({ past, ahead, runsOut, shown, t }: ForecastWords): string {
  const balance = shownOr(past.at(-1)?.balance, shown, t);
  const last = ahead.at(-1)?.label;
  const { early, likely, late } = runsOut;
  if (last === undefined) return t("noForecast", { balance });
  if (early === null) return t("lastsBeyond", { balance, last });
  if (likely === null) return t("mayRunOut", { balance, early, last });
  if (late === null) return t("runsOutFrom", { balance, early, likely, last });
  return t("runsOut", { balance, early, likely, late });
}
