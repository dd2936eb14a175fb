import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@api";
import { sentence } from "@ui";

/** Why a reading that was sent changes nothing, or not yet; the API tells rarer reasons in English. */
export function NotCounted({ reading }: { reading: Schemas["ManualReadingOut"] }): ReactNode {
  const { t } = useTranslation("meters");
  if (reading.class === "backwards" || reading.class === "held") return <span>{t(`notCounted.${reading.class}`)}</span>;
  return reading.reason === "" ? null : <span lang="en">{sentence(reading.reason)}</span>;
}
