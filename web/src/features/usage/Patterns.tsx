import { SegmentedControl } from "@mantine/core";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHistory, useSpending, type History, type Place, type Span } from "@api";
import { Card, DemandCurve, Empty, HeatMap, Loading, localDate, plusDays, Show, StackedBars, useFormats, useSeen } from "@ui";
import { byDay, HOURS, tellsHours, usualDay } from "./hours";
import classes from "./Usage.module.css";

type Pattern = "hours" | "month" | "utilities";
const PATTERNS: Pattern[] = ["hours", "month", "utilities"];
const DAYS = 28;

/** When in the day and in the month something is used, and what utilities cost beside each other. */
export function Patterns({ place, span }: { place: Place; span: Span }): ReactNode {
  const { t } = useTranslation("usage");
  const [pattern, setPattern] = useState<Pattern>("hours");
  const box = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(box);
  return (
    <Card title={t("patterns")}>
      <div ref={box} className={classes.patterns}>
        <SegmentedControl
          fullWidth
          aria-label={t("patterns")}
          value={pattern}
          onChange={setPattern}
          data={PATTERNS.map((each) => ({ value: each, label: t(`pattern.${each}`) }))}
        />
        {!isSeen ? (
          <Loading lines={5} />
        ) : pattern === "utilities" ? (
          <Utilities place={place} span={span} />
        ) : (
          <Hours key={pattern} place={place} span={pattern === "hours" ? lastDays(place) : monthOf(span)} isMonth={pattern === "month"} />
        )}
      </div>
    </Card>
  );
}

function lastDays(place: Place): Span {
  const today = localDate(new Date(), place.estate.time_zone);
  return { from: plusDays(today, -DAYS), to: plusDays(today, 1), step: "hour" };
}

/** Return the calendar month of a span's last day. */
function monthOf({ to }: Span): Span {
  const first = `${plusDays(to, -1).slice(0, 7)}-01`;
  return { from: first, to: `${plusDays(first, 31).slice(0, 7)}-01`, step: "hour" };
}

function Hours({ place, span, isMonth }: { place: Place; span: Span; isMonth: boolean }): ReactNode {
  const { t } = useTranslation(["usage", "common"]);
  const [chosen, setChosen] = useState<string>();
  const asked = useHistory(place, span);
  return (
    <Show asked={asked} lines={5}>
      {(history) => {
        const utilities = [...new Set(history.series.filter(({ register }) => register === "import").map(({ utility }) => utility))];
        const utility = utilities.find((each) => each === chosen) ?? utilities[0];
        if (utility === undefined) return <Empty title={t("common:chart.noData")} />;
        return (
          <>
            {utilities.length < 2 ? null : (
              <SegmentedControl
                aria-label={t("common:chart.measure")}
                value={utility}
                onChange={(next: string) => setChosen(next)}
                data={utilities.map((each) => ({ value: each, label: t(`common:utility.${each}`) }))}
              />
            )}
            {tellsHours(history, utility) ? (
              <Drawn history={history} utility={utility} place={place} isMonth={isMonth} month={span.from} />
            ) : (
              <Empty title={t("noHours")}>{t("noHoursHint")}</Empty>
            )}
          </>
        );
      }}
    </Show>
  );
}

interface DrawnProps {
  history: History;
  utility: string;
  place: Place;
  isMonth: boolean;
  month: string;
}

function Drawn({ history, utility, place, isMonth, month }: DrawnProps): ReactNode {
  const { t } = useTranslation("usage");
  const formats = useFormats(place.estate);
  const unit = history.series.find((each) => each.utility === utility)!.unit;
  const shown = (value: string): string => formats.quantity(value, unit);
  const hours = Array.from({ length: HOURS }, (_, hour) => formats.label(`2026-01-01T${String(hour).padStart(2, "0")}:00`, "hour"));
  const { days, values } = byDay(history, utility);
  if (isMonth) {
    return (
      <>
        <p className="quiet small">{formats.label(month, "month")}</p>
        <HeatMap days={days.map((each) => formats.label(each, "day"))} hours={hours} values={values} shown={shown} />
      </>
    );
  }
  const today = localDate(new Date(), place.estate.time_zone);
  const valuesOf = (day: string): (string | null)[] => values[days.indexOf(day)] ?? [];
  return (
    <>
      <p className="quiet small">{t("usualHint", { count: DAYS })}</p>
      <DemandCurve
        hours={hours}
        average={usualDay(history, { utility, today })}
        days={[
          { name: t("today"), values: valuesOf(today) },
          { name: t("yesterday"), values: valuesOf(plusDays(today, -1)) },
        ]}
        shown={shown}
      />
    </>
  );
}

function Utilities({ place, span }: { place: Place; span: Span }): ReactNode {
  const { t } = useTranslation(["usage", "common"]);
  const formats = useFormats(place.estate);
  const asked = useSpending(place, span);
  return (
    <Show asked={asked} lines={5}>
      {({ labels, utilities, step }) => (
        <StackedBars
          labels={labels.map((each) => formats.label(each, step))}
          series={utilities.map(({ utility, values }) => ({ key: utility, name: t(`common:utility.${utility}`), values }))}
          shown={(value) => formats.money(value)}
        />
      )}
    </Show>
  );
}
