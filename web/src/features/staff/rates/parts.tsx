import { useTranslation } from "react-i18next";
import { localeFor } from "@ui";

const BASE_UNIT: Record<string, string> = { electricity: "kWh", solar: "kWh" };

/** What prices of a document are per: the base unit of its utility, or what it converts to. */
export function unitOf(document: { utility: string; conversion?: { unit: string } }): string {
  return document.conversion?.unit ?? BASE_UNIT[document.utility] ?? "m³";
}

/** Local dates as people write them, and prices with all their places: nothing of them is rounded. */
export function useDates(): { date: (day: string) => string; monthDay: (day: string) => string; price: (amount: string, currency: string) => string } {
  const { i18n } = useTranslation();
  const locale = localeFor(i18n.language);
  const long = new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
  const short = new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "long" });
  return {
    date: (day) => long.format(new Date(`${day}T00:00:00Z`)),
    // 2024 has a 29 February
    monthDay: (day) => short.format(new Date(`2024-${day}T00:00:00Z`)),
    price: (amount, currency) =>
      new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 6 }).format(
        amount as Intl.StringNumericLiteral,
      ),
  };
}
