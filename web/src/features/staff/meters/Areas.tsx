import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Sections } from "@ui/staff";

/** The ways between the pages of meters and devices. */
export function Areas(): ReactNode {
  const { t } = useTranslation("devices");
  const base = `/estates/${useEstate().estate.estate_id}`;
  return (
    <Sections
      label={t("areas")}
      of={[
        [`${base}/meters`, t("meters")],
        [`${base}/devices`, t("devices")],
        [`${base}/issues`, t("issues")],
        [`${base}/rounds`, t("rounds")],
        [`${base}/virtual-meters`, t("virtual")],
        [`${base}/codecs`, t("codecs")],
      ]}
    />
  );
}
