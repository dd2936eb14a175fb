import { SegmentedControl } from "@mantine/core";
import type { EChartsCoreOption } from "echarts/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHistory, type History, type Place } from "@api";
import { axes, plotted, told } from "./charts/axes";
import { Figure } from "./charts/Figure";
import { colourOf, type Look } from "./charts/look";
import { useFormats, type Formats } from "./format";
import { micro, sum } from "./money";
import { spanOf, type Period } from "./period";
import { Show } from "./states";
import classes from "./UsageChart.module.css";

/** What a chart shows: money, or the quantity of one utility. */
export type Measure = "money" | (string & {});

interface UsageChartProps {
  place: Place;
  periods?: Period[];
  /** How many periods before today's; the page that lets people go back says so. */
  back?: number;
  /** Told when the reader chooses another period, so that a page can begin at today again. */
  onPeriod?: (period: Period) => void;
  period?: Period;
  /** Every utility, instead of only the first one. */
  withAll?: boolean;
}

interface Line {
  values: (string | null)[];
  total: string;
  shown: (value: string) => string;
}

export function UsageChart({ place, periods = ["day", "week", "month"], back = 0, withAll = false, ...given }: UsageChartProps): ReactNode {
  const { t } = useTranslation("common");
  const [own, setOwn] = useState<Period>("week");
  const [measure, setMeasure] = useState<Measure>("money");
  const period = given.period ?? own;
  const choose = (next: Period): void => {
    setOwn(next);
    given.onPeriod?.(next);
  };
  const asked = useHistory(place, spanOf(period, { timeZone: place.estate.time_zone, back }));
  const utilities = utilitiesOf(asked.data).slice(0, withAll ? undefined : 1);
  return (
    <div className={classes.chart}>
      <div className={classes.choices}>
        <SegmentedControl
          aria-label={t("chart.period")}
          value={period}
          onChange={choose}
          data={periods.map((each) => ({ value: each, label: t(`chart.${each}`) }))}
        />
        <SegmentedControl
          aria-label={t("chart.measure")}
          value={measure}
          onChange={setMeasure}
          data={[
            { value: "money", label: t("chart.money") },
            ...utilities.map(({ utility, unit }) => ({
              value: utility,
              label: withAll ? t(`utility.${utility}`) : unit === "m3" ? "m³" : unit,
            })),
          ]}
        />
      </div>
      <Show asked={asked} lines={5}>
        {(history) => <Shown history={history} measure={measure} place={place} />}
      </Show>
    </div>
  );
}

function utilitiesOf(history: History | undefined): { utility: Utility; unit: string }[] {
  const found = new Map<Utility, string>();
  history?.series.forEach(({ utility, unit }) => found.set(utility, unit));
  return [...found].map(([utility, unit]) => ({ utility, unit }));
}

type Utility = History["series"][number]["utility"];

function lineOf(history: History, measure: Measure, formats: Formats): Line {
  if (measure === "money") {
    return { values: history.charged?.values ?? [], total: history.charged?.total.amount ?? "0", shown: (value) => formats.money(value) };
  }
  const mine = history.series.filter(({ utility, register }) => utility === measure && register === "import");
  const values = history.labels.map((_, at) => {
    const known = mine.map((each) => each.values[at] ?? null);
    return known.every((each) => each === null) ? null : sum(known);
  });
  const unit = mine[0]?.unit ?? "kWh";
  return { values, total: sum(values), shown: (value) => formats.quantity(value, unit) };
}

function Shown({ history, measure, place }: { history: History; measure: Measure; place: Place }): ReactNode {
  const { t } = useTranslation("common");
  const formats = useFormats(place.estate);
  const line = lineOf(history, measure, formats);
  const labels = history.labels.map((each) => formats.label(each, history.step));
  const isKnown = history.series.some(({ known }) => known.some((each) => each !== "missing"));
  const summary = !isKnown && measure !== "money" ? t("chart.noData") : summaryOf(line, labels, t);
  const cell = (at: number): string => (line.values[at] == null ? t("chart.missing") : line.shown(line.values[at]));
  const draw = (look: Look): EChartsCoreOption => ({
    ...axes(look, labels),
    tooltip: told((at) => `${labels[at]}\n${cell(at)}`),
    series: [
      {
        type: "bar",
        data: line.values.map(plotted),
        barMaxWidth: 36,
        barMinHeight: 1,
        itemStyle: { color: look.series[colourOf(measure, 0)], borderRadius: [5, 5, 0, 0] },
      },
    ],
  });
  const table = { head: [t("chart.when"), t("chart.value")], rows: labels.map((label, at) => [label, cell(at)]) };
  return <Figure summary={summary} draw={draw} table={table} />;
}

type Translate = ReturnType<typeof useTranslation<"common">>["t"];

function summaryOf({ values, total, shown }: Line, labels: string[], t: Translate): string {
  let most = -1;
  values.forEach((value, at) => {
    if (value !== null && (most < 0 || micro(value) > micro(values[most]!))) most = at;
  });
  if (most < 0 || micro(values[most]!) <= 0n) return t("chart.nothing");
  return t("chart.summary", { total: shown(total), most: shown(values[most]!), when: labels[most] });
}
