import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf } from "@api";
import { Notice, useReason } from "@ui";

/** Why a step of signing in did not work; nothing where nothing went wrong. */
export function Why({ error }: { error: unknown }): ReactNode {
  const { t } = useTranslation("session");
  const reason = useReason();
  if (error === null || error === undefined) return null;
  const problem = problemOf(error);
  const { said, detail, detailLang } = reason(problem);
  return (
    <Notice tone="out" role="alert">
      {problem.code === "sign_in_failed" ? (
        t("wrong")
      ) : (
        <>
          {said}. <span lang={detailLang}>{detail}</span>
        </>
      )}
    </Notice>
  );
}
