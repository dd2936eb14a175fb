import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHome, type Place } from "@api";
import { Card, Show, SpendLimitForm, useFormats } from "@ui";
import type { WalletPath } from "./People";

/** What may be spent in a day and a month. */
export function Limits({ path, place, isManager }: { path: WalletPath; place: Place; isManager: boolean }): ReactNode {
  const { t } = useTranslation("household");
  const formats = useFormats(place.estate);
  const asked = useHome(place);
  return (
    <Card title={t("limits")}>
      <p className="quiet small">{t("limitsHint")}</p>
      <Show asked={asked}>
        {({ items: [home] }) => {
          const limit = home?.spend_limit ?? null;
          return (
            <>
              <p>
                {limit === null
                  ? t("noLimits")
                  : t("spent", { today: formats.money(limit.spent_today.amount), month: formats.money(limit.spent_this_month.amount) })}
              </p>
              {isManager ? <SpendLimitForm limit={limit} path={path} currency={place.estate.currency} /> : <p className="quiet small">{t("onlyManagers")}</p>}
            </>
          );
        }}
      </Show>
    </Card>
  );
}
