import { Button } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useHistory, usePlace } from "@api";
import { Card, Page, plusDays, Show, spanOf, UsageChart, useFormats, type Period } from "@ui";
import { Compared } from "./Compared";
import { Patterns } from "./Patterns";
import classes from "./Usage.module.css";

const PERIODS: Period[] = ["day", "week", "month", "year"];

/** What was used, as far back as somebody wants to go, and whether it is more than before. */
export default function UsagePage(): ReactNode {
  const { t } = useTranslation("usage");
  const place = usePlace();
  const formats = useFormats(place.estate);
  // in the address, so that a reload and the way back lead to what was looked at
  const [address, setAsked] = useSearchParams();
  const period = PERIODS.find((each) => each === address.get("by")) ?? "week";
  const back = /^\d{1,3}$/.test(address.get("back") ?? "") ? Number(address.get("back")) : 0;
  const ask = (by: Period, more = 0): void => setAsked(more === 0 ? { by } : { by, back: `${more}` }, { replace: true });
  const span = spanOf(period, { timeZone: place.estate.time_zone, back });
  const asked = useHistory(place, span);
  const shown = (on: string): string => (period === "year" ? formats.label(on, "month") : formats.date(on));
  const from = shown(span.from);
  const to = shown(plusDays(span.to, -1));
  return (
    <Page title={t("title")}>
      <Card>
        <div className={classes.moves}>
          <Button variant="default" leftSection={<IconChevronLeft aria-hidden className="turns" size={20} />} onClick={() => ask(period, back + 1)}>
            {t("earlier")}
          </Button>
          <p aria-live="polite">{period === "day" ? from : t("span", { from, to })}</p>
          <Button
            variant="default"
            rightSection={<IconChevronRight aria-hidden className="turns" size={20} />}
            disabled={back === 0}
            onClick={() => ask(period, back - 1)}
          >
            {t("later")}
          </Button>
        </div>
        <UsageChart
          place={place}
          periods={PERIODS}
          period={period}
          back={back}
          withAll
          onPeriod={(next) => ask(next)}
        />
      </Card>
      <Patterns place={place} span={span} />
      <Card title={t("compared")}>
        <Show asked={asked}>{(history) => <Compared history={history} period={period} place={place} />}</Show>
      </Card>
    </Page>
  );
}
