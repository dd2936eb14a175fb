import { useTranslation } from "react-i18next";
import { isNegative, micro } from "@ui";

/** Words for what was charged so far beside the whole month before. */
export function useRevenueHint(): (this_: string, before: string, shown: (amount: string) => string) => string {
  const { t } = useTranslation("estates");
  return (this_, before, shown) => {
    if (micro(before) === 0n || isNegative(before)) return t("revenueFirst");
    return t("revenueBefore", { amount: shown(before), percent: `${(micro(this_) * 100n) / micro(before)}` });
  };
}
