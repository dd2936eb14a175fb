import { IconArrowDownRight, IconArrowUpRight, IconEqual } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHistory, type History, type Place } from "@api";
import { Card, localDate, micro, plusDays, Show, Tag, useFormats } from "@ui";
import { compareToday, standOf } from "./today";
import classes from "./Home.module.css";

const DAYS_BEFORE = 7;
const WORDS = { less: "todayLess", usual: "todayUsual", more: "todayMore" } as const;
const ICONS = { less: IconArrowDownRight, usual: IconEqual, more: IconArrowUpRight };
const TONES = { less: "good", usual: "plain", more: "low" } as const;

/** Today beside the same hours of the last seven days. */
export function TodayCard({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation("home");
  const today = localDate(new Date(), place.estate.time_zone);
  const asked = useHistory(place, { from: plusDays(today, -DAYS_BEFORE), to: plusDays(today, 1), step: "hour" });
  return (
    <Card title={t("today")}>
      <Show asked={asked} lines={2}>
        {(history) => <Compared history={history} place={place} today={today} />}
      </Show>
    </Card>
  );
}

function Compared({ history, place, today }: { history: History; place: Place; today: string }): ReactNode {
  const { t } = useTranslation("home");
  const formats = useFormats(place.estate);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: place.estate.time_zone, hour: "2-digit", minute: "2-digit" }).format(new Date());
  const { spent, usual } = compareToday(history, { today, hour: Number(clock.slice(0, 2)), minutes: Number(clock.slice(3, 5)) });
  const stand = usual === null ? null : standOf({ spent, usual });
  const Icon = stand === null ? null : ICONS[stand];
  return (
    <>
      <p className={classes.today}>
        <span className={`${classes.todayAmount} num`}>{formats.money(spent)}</span>
        <span className="quiet">{t("todaySoFar")}</span>
      </p>
      {usual === null || stand === null || Icon === null ? (
        <p className="quiet small">{t("noUsual")}</p>
      ) : (
        <>
          <Track spent={spent} usual={usual} isMore={stand === "more"} />
          <p className={classes.todayWords}>
            <Tag tone={TONES[stand]} icon={<Icon aria-hidden />}>
              {t(WORDS[stand])}
            </Tag>
            <span className="quiet">{t("usualByNow", { amount: formats.money(usual) })}</span>
          </p>
        </>
      )}
    </>
  );
}

/** A bar of today, and a mark where it usually is by now. */
function Track({ spent, usual, isMore }: { spent: string; usual: string; isMore: boolean }): ReactNode {
  const [now, then] = [Number(micro(spent)), Number(micro(usual))];
  const most = Math.max(now, then, 1) * 1.15;
  return (
    <div className={classes.track} aria-hidden>
      <svg viewBox="0 0 100 12" preserveAspectRatio="none">
        <rect width={Math.max(0, (now / most) * 100)} height="12" rx="2" fill={isMore ? "#d98a0a" : "#1f9d7d"} />
        <rect x={(then / most) * 100 - 0.4} y="-4" width="0.8" height="20" fill="currentColor" />
      </svg>
    </div>
  );
}
