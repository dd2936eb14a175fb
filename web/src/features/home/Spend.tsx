import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Place } from "@api";
import { Card, UsageChart } from "@ui";

/** The one chart of the home page: a day, a week or a month, in money or in what was used. */
export function Spend({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["home", "common"]);
  return (
    <Card title={t("used")} action={<Link to="usage">{t("common:seeAll")}</Link>}>
      <UsageChart place={place} />
    </Card>
  );
}
