import i18next from "i18next";
import { useTranslation } from "react-i18next";
import explained from "../locales/en/explained.json";
import { pseudo } from "./pseudo";

const NAME = "explained";

/** English of explanations comes with the page that tells them: the first page does not fetch it. */
function bring(): void {
  if (i18next.hasResourceBundle("en", NAME)) return;
  i18next.addResourceBundle("en", NAME, explained);
  for (const strange of ["en-XA", "en-XB"]) i18next.addResourceBundle(strange, NAME, pseudo(explained));
}

export type TellExplained = ReturnType<typeof useTranslation<"explained">>["t"];

/** The texts of explanations, in the reader's language. */
export function useExplainedTexts(): TellExplained {
  bring();
  return useTranslation(NAME).t;
}

/** The same outside of a component, as tests need it. */
export function explainedTexts(language = "en"): TellExplained {
  bring();
  return i18next.getFixedT(language, NAME) as unknown as TellExplained;
}
