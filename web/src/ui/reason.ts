import { useTranslation } from "react-i18next";
import type { Problem } from "@api";

/** What went wrong, for the reader: `said` in their language, `detail` as the API tells it, which is in English. */
export interface Reason {
  said: string;
  detail: string;
  /** The language of the detail where it is not the page's own, for who hears the page read out. */
  detailLang: "en" | undefined;
}

/** How the API tells what does not fit: for programs, and nothing that a person could read. */
const PATTERN = /string should match pattern '.*'$/i;

/** Return how to say a problem: by its code where residents meet it, else in the API's own words. */
export function useReason(): (problem: Problem) => Reason {
  const { t, i18n } = useTranslation(["problems", "common"]);
  const isEnglish = i18n.language.split("-")[0] === "en";
  return ({ code, title, detail }) => {
    if (code === "offline") return { said: t("common:state.offline"), detail: t("common:state.offlineHint"), detailLang: undefined };
    const key = `said.${code}`;
    const said = i18n.exists(key, { ns: "problems" }) ? t(key as "said.invalid") : title || t("common:state.failed");
    if (detail === "") return { said, detail: t("common:state.failedHint"), detailLang: undefined };
    return { said, detail: sentence(detail.replace(PATTERN, "is not written as it has to be")), detailLang: isEnglish ? undefined : "en" };
  };
}

/** Begin with a capital and end with a stop: the API tells details as parts of sentences. */
export function sentence(text: string): string {
  if (text === "") return "";
  const begun = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
