import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Sections } from "@ui/staff";

/** The ways between readings that wait, that were set aside, and that were none. */
export function Areas(): ReactNode {
  const { t } = useTranslation("judging");
  const base = `/estates/${useEstate().estate.estate_id}/readings`;
  return (
    <Sections
      label={t("areas")}
      of={[
        [base, t("held")],
        [`${base}/set-aside`, t("aside")],
        [`${base}/rejected`, t("rejected")],
      ]}
    />
  );
}
