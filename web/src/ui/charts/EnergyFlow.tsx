import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { decimal, micro } from "../money";
import { Figure } from "./Figure";
import { SERIES, type Look } from "./look";
import { useChartTexts, type Tell } from "./texts";
import { listed, percentText } from "./words";

/** So much went from one place to another. */
export interface Flow {
  from: string;
  to: string;
  /** A decimal text of the API. Nothing, or less, is in the table and not in the picture. */
  amount: string;
}

/** Where energy comes from or goes to. */
export type FlowPlace = "grid" | "solar" | "estate" | "units" | "common" | "loss" | "export" | (string & {});

interface EnergyFlowProps {
  flows: Flow[];
  /** What each place of the flows is called, by `FlowPlace`. A flow never comes back to where it was. */
  names: Record<string, string>;
  /** How an amount is shown, with its unit. */
  shown: (amount: string) => string;
}

const COLOURS: Record<string, number> = { grid: 0, solar: 2, estate: 1, units: 1, common: 4, export: 3 };

/** Where energy came from and where it went, as wide as it is much. */
export function EnergyFlow({ flows, names, shown }: EnergyFlowProps): ReactNode {
  const t = useChartTexts();
  const { i18n } = useTranslation();
  const name = (place: string): string => names[place] ?? place;
  const summary = flowSummary({ flows, names, shown, t, language: i18n.language });
  const drawn = flows.filter(({ amount }) => micro(amount) > 0n);
  const places = [...new Set(drawn.flatMap(({ from, to }) => [from, to]))];
  const goesOn = (place: string): boolean => drawn.some(({ from }) => from === place);
  const isBetween = (place: string): boolean => goesOn(place) && drawn.some(({ to }) => to === place);
  const draw = (look: Look): EChartsCoreOption => ({
    tooltip: {
      trigger: "item",
      formatter: (of: { dataType: string; dataIndex: number; data: { id?: string; source?: string; target?: string } }) =>
        of.dataType === "edge"
          ? `${name(of.data.source ?? "")} → ${name(of.data.target ?? "")}\n${shown(drawn[of.dataIndex]!.amount)}`
          : `${name(of.data.id ?? "")}\n${shown(decimal(through(drawn, of.data.id ?? "")))}`,
    },
    series: [
      {
        type: "sankey",
        left: 0,
        right: 0,
        // room for two lines of words
        top: places.some(isBetween) ? 44 : 8,
        bottom: 16,
        nodeWidth: 12,
        nodeGap: 26,
        draggable: false,
        data: places.map((place, turn) => ({
          id: place,
          name: place,
          itemStyle: { color: place === "loss" ? look.out : look.series[COLOURS[place] ?? turn % SERIES], borderWidth: 0 },
          label: {
            // towards the middle, so that nothing leaves the picture; what lies there has its words above, out of the others' way
            position: isBetween(place) ? "top" : goesOn(place) ? "right" : "left",
            formatter: `${name(place)}\n${shown(decimal(through(drawn, place)))}`,
            color: look.ink,
            fontSize: 12,
            lineHeight: 16,
          },
        })),
        links: drawn.map(({ from, to, amount }) => ({ source: from, target: to, value: Number(amount) })),
        lineStyle: { color: "gradient", opacity: 0.35, curveness: 0.5 },
        emphasis: { focus: "adjacency" },
      },
    ],
  });
  const table = { head: [t("from"), t("to"), t("amount")], rows: flows.map(({ from, to, amount }) => [name(from), name(to), shown(amount)]) };
  return drawn.length === 0 ? <p className="quiet">{summary}</p> : <Figure summary={summary} draw={draw} table={table} isRich isTall />;
}

function through(flows: Flow[], place: string): bigint {
  const add = (some: Flow[]): bigint => some.reduce((total, { amount }) => total + micro(amount), 0n);
  const into = add(flows.filter(({ to }) => to === place));
  return into === 0n ? add(flows.filter(({ from }) => from === place)) : into;
}

/** Return what flowed: from where and to where in the end, each with its part of the whole. */
export function flowSummary({ flows, names, shown, t, language }: EnergyFlowProps & { t: Tell; language: string }): string {
  const some = flows.filter(({ amount }) => micro(amount) > 0n);
  if (some.length === 0) return t("nothingFlowed");
  const places = [...new Set(some.flatMap(({ from, to }) => [from, to]))];
  const sources = places.filter((place) => some.every(({ to }) => to !== place));
  const ends = places.filter((place) => some.every(({ from }) => from !== place));
  const told = (of: string[]): string => {
    const whole = of.reduce((total, place) => total + through(some, place), 0n);
    const sorted = [...of].sort((one, other) => (through(some, one) < through(some, other) ? 1 : -1));
    const words = sorted.map((place) => {
      const amount = through(some, place);
      return t("part", { name: names[place] ?? place, value: shown(decimal(amount)), percent: percentText(amount, whole, language) });
    });
    return listed(words, language);
  };
  return t("flowed", { sources: told(sources), ends: told(ends) });
}
