import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { History, Place } from "@api";
import { Empty, micro, Notice, Row, Rows, useFormats, UtilityIcon, type Period } from "@ui";

/** Each utility's total beside the same length of time just before. */
export function Compared({ history, period, place }: { history: History; period: Period; place: Place }): ReactNode {
  const { t } = useTranslation(["usage", "common"]);
  const formats = useFormats(place.estate);
  const waiting = history.charged?.not_posted.amount ?? "0";
  const change = (percent: string | null): string => {
    if (percent === null) return t("unknown");
    const size = micro(percent);
    const shown = `${formats.number(Math.abs(Number(percent)), { maximumFractionDigits: 0 })}\u00a0%`;
    const of = { percent: shown, period: t(`period.${period}`) };
    return size === 0n ? t("same", of) : t(size < 0n ? "less" : "more", of);
  };
  if (history.series.length === 0) return <Empty title={t("common:chart.noData")} />;
  return (
    <>
      <Rows>
        {history.series.map((each) => (
          <Row
            key={`${each.utility}-${each.register}`}
            icon={<UtilityIcon utility={each.utility} />}
            title={t(`common:utility.${each.utility}`)}
            hint={change(each.before.change_percent)}
            value={formats.quantity(each.total, each.unit)}
          />
        ))}
      </Rows>
      {micro(waiting) === 0n ? null : <p className="quiet small">{t("notPosted", { amount: formats.money(waiting) })}</p>}
      {history.series.some(({ known }) => known.slice(0, -1).includes("partial")) ? <Notice>{t("partly")}</Notice> : null}
    </>
  );
}
