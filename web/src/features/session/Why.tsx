import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf } from "@api";
import { Notice, sentence } from "@ui";

/** Why a step of signing in did not work; nothing where nothing went wrong. */
export function Why({ error }: { error: unknown }): ReactNode {
  const { t } = useTranslation(["session", "common"]);
  if (error === null || error === undefined) return null;
  const { code, detail } = problemOf(error);
  const told =
    code === "sign_in_failed"
      ? t("session:wrong")
      : code === "offline"
        ? t("common:state.offlineHint")
        : sentence(detail) || t("common:state.failedHint");
  return (
    <Notice tone="out" role="alert">
      {told}
    </Notice>
  );
}
