import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { micro } from "../money";
import { plotted } from "./axes";
import { Figure } from "./Figure";
import type { Look } from "./look";
import { shownOr } from "./StackedBars";
import { useChartTexts, type Tell } from "./texts";
import { placeOf } from "./words";

interface HeatMapProps {
  /** Days and hours as the reader is to see them. */
  days: string[];
  hours: string[];
  /** A row for each day, a value for each hour; null where nothing is known, which stays blank. */
  values: (string | null)[][];
  shown: (value: string) => string;
}

/** From this part of all values on, all are darkest. */
const DARKEST = 0.98;
/** More days than these have a label for every other one. */
const HALF_MONTH = 16;

/** The hours of a month, darker where more was used. */
export function HeatMap({ days, hours, values, shown }: HeatMapProps): ReactNode {
  const t = useChartTexts();
  const known = values.flatMap((row, day) => row.flatMap((each, hour) => (each === null ? [] : [{ day, hour, each }])));
  // one hour far above all others is darkest too, and does not make the rest of the month pale
  const sizes = known.map(({ each }) => plotted(each)!).sort((one, other) => one - other);
  const max = Math.max(sizes[Math.ceil(sizes.length * DARKEST) - 1] ?? 0, 0.001);
  const draw = (look: Look): EChartsCoreOption => {
    const text = { color: look.quiet, fontSize: 12 };
    const axis = { type: "category", splitArea: { show: false }, axisTick: { show: false }, axisLine: { show: false } };
    return {
      grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "item",
        formatter: ({ data: [hour, day] }: { data: [number, number] }) => `${days[day]}, ${hours[hour]}\n${shownOr(values[day]?.[hour], shown, t)}`,
      },
      xAxis: { ...axis, data: hours, inverse: look.isRightToLeft, axisLabel: { ...text, hideOverlap: true } },
      yAxis: { ...axis, data: days, inverse: true, position: look.isRightToLeft ? "right" : "left", axisLabel: { ...text, interval: days.length > HALF_MONTH ? 1 : 0 } },
      visualMap: { show: false, min: 0, max, inRange: { color: look.scale } },
      series: [{ type: "heatmap", data: known.map(({ day, hour, each }) => [hour, day, Math.min(plotted(each)!, max)]), itemStyle: { borderColor: look.card, borderWidth: 1, borderRadius: 2 } }],
    };
  };
  const table = {
    head: [t("day"), ...hours],
    rows: days.map((day, at) => [day, ...hours.map((_, hour) => shownOr(values[at]?.[hour], shown, t))]),
  };
  const summary = heatSummary({ days, hours, values, shown, t });
  return known.length === 0 ? <p className="quiet">{summary}</p> : <Figure summary={summary} draw={draw} table={table} isRich isTall />;
}

/** Return what the map says: the greatest hour of all, and the hour of the day in which most is used. */
export function heatSummary({ days, hours, values, shown, t }: HeatMapProps & { t: Tell }): string {
  const all = values.flat();
  const most = placeOf("most", all);
  if (most < 0) return t("noData");
  if (micro(all[most]!) <= 0n) return t("nothing");
  const width = values[0]!.length;
  const sums = hours.map((_, hour) => values.reduce((total, row) => total + (row[hour] == null ? 0n : micro(row[hour])), 0n));
  const busiest = sums.reduce((best, each, at) => (each > sums[best]! ? at : best), 0);
  return t("heat", { most: shown(all[most]!), day: days[Math.floor(most / width)], hour: hours[most % width], busiest: hours[busiest] });
}
