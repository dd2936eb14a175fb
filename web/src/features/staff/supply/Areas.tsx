import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Sections } from "@ui/staff";

/** The ways between the pages of supply. */
export function Areas(): ReactNode {
  const { t } = useTranslation("supplies");
  const base = `/estates/${useEstate().estate.estate_id}`;
  return (
    <Sections
      label={t("areas")}
      of={[
        [`${base}/supply`, t("supplies")],
        [`${base}/supply/commands`, t("commands")],
        [`${base}/supply/rules`, t("rules")],
        [`${base}/flexibility`, t("flexibility")],
      ]}
    />
  );
}
