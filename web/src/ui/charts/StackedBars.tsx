import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { micro, sum } from "../money";
import { axes, plotted, told } from "./axes";
import { Figure } from "./Figure";
import { colourOf, type Look } from "./look";
import { useChartTexts, type Tell } from "./texts";
import { listed, percentText, placeOf } from "./words";

/** One thing of the stack, such as a utility, with a value for each label. */
export interface Stacked {
  /** What decides the colour: a utility's own, anything else by its turn. */
  key: string;
  name: string;
  /** Decimal texts of the API; null where nothing is known. */
  values: (string | null)[];
}

interface StackedBarsProps {
  /** The spans of time as the reader is to see them, such as `formats.label(…)`. */
  labels: string[];
  /** What is stacked, in one measure: money, or one unit. */
  series: Stacked[];
  /** How a value is shown: `formats.money`, or a quantity with its unit. */
  shown: (value: string) => string;
}

/** Parts of a whole over time: what each utility cost, where energy came from. */
export function StackedBars({ labels, series, shown }: StackedBarsProps): ReactNode {
  const t = useChartTexts();
  const { i18n } = useTranslation();
  const summary = stackedSummary({ labels, series, shown, t, language: i18n.language });
  const totals = totalsOf(labels, series);
  const colours = series.map(({ key }, at) => colourOf(key, at));
  const tell = (at: number): string => [labels[at], ...series.map(({ name, values }) => `${name}  ${shownOr(values[at], shown, t)}`)].join("\n");
  const draw = (look: Look): EChartsCoreOption => ({
    ...axes(look, labels),
    tooltip: told(tell),
    series: series.map(({ key, name, values }, at) => ({
      type: "bar",
      stack: "all",
      name,
      id: key,
      data: values.map(plotted),
      barMaxWidth: 36,
      // a line of the ground parts them, so that colour is not all that does
      itemStyle: { color: look.series[colours[at]!], borderColor: look.card, borderWidth: 1 },
    })),
  });
  const table = {
    head: [t("when"), ...series.map(({ name }) => name), t("total")],
    rows: labels.map((label, at) => [label, ...series.map(({ values }) => shownOr(values[at], shown, t)), shownOr(totals[at], shown, t)]),
  };
  return <Figure summary={summary} draw={draw} table={table} legend={series.map(({ name }, at) => ({ name, colour: colours[at]! }))} />;
}

export function shownOr(value: string | null | undefined, shown: (value: string) => string, t: Tell): string {
  return value === null || value === undefined ? t("unknown") : shown(value);
}

function totalsOf(labels: string[], series: Stacked[]): (string | null)[] {
  return labels.map((_, at) => {
    const known = series.map(({ values }) => values[at] ?? null);
    return known.every((each) => each === null) ? null : sum(known);
  });
}

interface StackedWords extends StackedBarsProps {
  t: Tell;
  language: string;
}

/** Return what the stack says: how much in all, of what, and when most. */
export function stackedSummary({ labels, series, shown, t, language }: StackedWords): string {
  const totals = totalsOf(labels, series);
  const most = placeOf("most", totals);
  if (most < 0) return t("noData");
  const parts = series.map(({ name, values }) => ({ name, total: sum(values) }));
  const whole = sum(parts.map(({ total }) => total));
  if (micro(totals[most]!) <= 0n && micro(whole) === 0n) return t("nothing");
  const words = parts
    .filter(({ total }) => micro(total) !== 0n)
    .sort((one, other) => (micro(one.total) < micro(other.total) ? 1 : -1))
    .map(({ name, total }) => t("part", { name, value: shown(total), percent: percentText(micro(total), micro(whole), language) }));
  return t("stacked", { total: shown(whole), parts: listed(words, language), most: shown(totals[most]!), when: labels[most] });
}
