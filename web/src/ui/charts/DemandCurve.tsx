import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { axes, plotted, told } from "./axes";
import { Figure } from "./Figure";
import type { Look } from "./look";
import { shownOr } from "./StackedBars";
import { useChartTexts, type Tell } from "./texts";
import { placeOf } from "./words";

interface DemandCurveProps {
  /** The hours of a day as the reader is to see them. */
  hours: string[];
  /** What is used in each of them on average; null where nothing is known. */
  average: (string | null)[];
  /** Single days beside it, such as today; the first is drawn strongest. */
  days: { name: string; values: (string | null)[] }[];
  shown: (value: string) => string;
}

const LINES = ["solid", "dashed", "dotted"] as const;

/** What a usual day looks like hour by hour, where its peak is, and how today compares. */
export function DemandCurve({ hours, average, days, shown }: DemandCurveProps): ReactNode {
  const t = useChartTexts();
  const peak = placeOf("most", average);
  const all = [{ name: t("usualDay"), values: average }, ...days];
  const tell = (at: number): string => [hours[at], ...all.map(({ name, values }) => `${name}  ${shownOr(values[at], shown, t)}`)].join("\n");
  const draw = (look: Look): EChartsCoreOption => ({
    ...axes(look, hours),
    tooltip: { ...told(tell), axisPointer: { type: "line" } },
    series: all.map(({ name, values }, at) => {
      const colour = look.series[at];
      return {
        type: "line",
        name,
        smooth: 0.25,
        symbol: at === 0 ? "diamond" : "none",
        data: values.map((each, hour) => ({
          value: plotted(each),
          symbolSize: hour === peak ? 14 : 0,
          label: { show: at === 0 && hour === peak, formatter: t("peak"), position: "top", color: look.ink, fontSize: 12 },
        })),
        showAllSymbol: true,
        itemStyle: { color: colour },
        lineStyle: { color: colour, width: at === 1 ? 3 : 2, type: at === 0 ? "solid" : LINES[at - 1] },
        ...(at === 0 ? { areaStyle: { color: colour, opacity: 0.16 } } : {}),
      };
    }),
  });
  const table = {
    head: [t("hour"), ...all.map(({ name }) => name)],
    rows: hours.map((hour, at) => [hour, ...all.map(({ values }) => shownOr(values[at], shown, t))]),
  };
  const legend = all.map(({ name }, at) => ({ name, colour: at, isLine: at > 0 }));
  return <Figure summary={demandSummary({ hours, average, shown, t })} draw={draw} table={table} legend={legend} />;
}

/** Return what the curve says: when most and least is used on a usual day. */
export function demandSummary({ hours, average, shown, t }: Omit<DemandCurveProps, "days"> & { t: Tell }): string {
  const [most, least] = [placeOf("most", average), placeOf("least", average)];
  if (most < 0) return t("noData");
  const of = { hour: hours[most], most: shown(average[most]!), leastHour: hours[least], least: shown(average[least]!) };
  return average[most] === average[least] ? t("evenDay", of) : t("demand", of);
}
