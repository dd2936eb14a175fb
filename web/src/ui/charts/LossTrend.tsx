import type { EChartsCoreOption } from "echarts/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { micro } from "../money";
import { axes, plotted, told } from "./axes";
import { Figure } from "./Figure";
import type { Look } from "./look";
import { useChartTexts, type Tell } from "./texts";
import { percentShown, placeOf } from "./words";

interface LossTrendProps {
  /** The periods as the reader is to see them. */
  labels: string[];
  /** The loss of each in per cent, as the API tells it (`percent` of a reconciliation); null where it is not known. */
  percent: (string | null)[];
  /** Above this many per cent a loss is too high; null where nobody said so. */
  limit: string | null;
}

/** What is lost between a bulk meter and the meters behind it, period by period, and which are above the limit. */
export function LossTrend({ labels, percent, limit }: LossTrendProps): ReactNode {
  const t = useChartTexts();
  const language = useTranslation().i18n.language;
  const summary = lossSummary({ labels, percent, limit, t, language });
  const isAbove = (at: number): boolean => isOver(percent[at] ?? null, limit);
  const state = (at: number): string => t(percent[at] == null ? "unknown" : isAbove(at) ? "above" : "within");
  const shown = (at: number): string => (percent[at] == null ? t("unknown") : percentShown(percent[at], language));
  const draw = (look: Look): EChartsCoreOption => ({
    ...axes(look, labels, true),
    tooltip: { ...told((at) => [labels[at], shown(at), ...(limit === null ? [] : [state(at)])].join("\n")), axisPointer: { type: "line" } },
    series: [
      {
        type: "line",
        showAllSymbol: true,
        data: percent.map((each, at) => ({
          value: plotted(each),
          // another shape, not only another colour
          symbol: isAbove(at) ? "triangle" : "circle",
          symbolSize: isAbove(at) ? 14 : 8,
          itemStyle: { color: isAbove(at) ? look.out : look.series[0] },
        })),
        lineStyle: { color: look.series[0], width: 2 },
        ...(limit === null ? {} : { markLine: limitLine(look, { limit, words: t("limit", { percent: percentShown(limit, language) }) }) }),
      },
    ],
  });
  const head = [t("when"), t("loss"), ...(limit === null ? [] : [t("state")])];
  const table = { head, rows: labels.map((label, at) => [label, shown(at), ...(limit === null ? [] : [state(at)])]) };
  return <Figure summary={summary} draw={draw} table={table} />;
}

function limitLine(look: Look, { limit, words }: { limit: string; words: string }): object {
  return {
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: look.out, type: "dashed", width: 1.5 },
    label: { formatter: words, position: "insideEndTop", color: look.ink, fontSize: 12 },
    data: [{ yAxis: Number(limit) }],
  };
}

function isOver(percent: string | null, limit: string | null): boolean {
  return percent !== null && limit !== null && micro(percent) > micro(limit);
}

/** Return what the trend says: the loss now and at its worst, and how many periods are above the limit. */
export function lossSummary({ labels, percent, limit, t, language }: LossTrendProps & { t: Tell; language: string }): string {
  const most = placeOf("most", percent);
  if (most < 0) return t("noData");
  const last = percent.findLastIndex((each) => each !== null);
  const shown = (at: number): string => percentShown(percent[at]!, language);
  const trend = t("lossTrend", { last: shown(last), lastWhen: labels[last], most: shown(most), mostWhen: labels[most] });
  if (limit === null) return trend;
  const over = percent.filter((each) => isOver(each, limit)).length;
  const words = percentShown(limit, language);
  return `${trend} ${over === 0 ? t("noneAbove", { limit: words }) : t("someAbove", { count: over, limit: words })}`;
}
