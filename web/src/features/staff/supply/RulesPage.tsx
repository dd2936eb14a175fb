import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Page, Show } from "@ui";
import { Areas } from "./Areas";
import { CreditRule } from "./CreditRule";
import { FriendlyHours } from "./FriendlyHours";
import classes from "./Supply.module.css";

/** When a supply goes off for money, when it is on again, and when nobody is cut. */
export default function RulesPage(): ReactNode {
  const { t } = useTranslation("supplies");
  const { path } = useEstate();
  const rules = $api.useQuery("get", "/api/v1/estates/{estate_id}/credit-rules", { params: { path } });
  return (
    <Page title={t("rules")}>
      <Areas />
      <p className="quiet">{t("linesHint")}</p>
      <Show asked={rules} lines={6}>
        {({ items }) => (
          <div className={classes.two}>
            {items.map((each) => (
              <CreditRule key={each.utility} rule={each} />
            ))}
          </div>
        )}
      </Show>
      <FriendlyHours />
    </Page>
  );
}
