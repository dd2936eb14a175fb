import i18next from "i18next";
import { useTranslation } from "react-i18next";
import charts from "../../locales/en/charts.json";
import { pseudo } from "../pseudo";

const NAME = "charts";

/** English of charts comes with them: a first page that shows none does not fetch it. */
function bring(): void {
  if (i18next.hasResourceBundle("en", NAME)) return;
  i18next.addResourceBundle("en", NAME, charts);
  for (const strange of ["en-XA", "en-XB"]) i18next.addResourceBundle(strange, NAME, pseudo(charts));
}

export type Tell = ReturnType<typeof useTranslation<"charts">>["t"];

/** The texts of charts, in the reader's language. */
export function useChartTexts(): Tell {
  bring();
  return useTranslation(NAME).t;
}

/** The same outside of a component, as tests need it. */
export function chartTexts(language = "en"): Tell {
  bring();
  return i18next.getFixedT(language, NAME) as unknown as Tell;
}
