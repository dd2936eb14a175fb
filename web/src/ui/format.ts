import { useTranslation } from "react-i18next";
import { decimal, micro } from "./money";

/** Formats for one reader: their language, and the currency and zone of the estate. */
export interface Formats {
  money: (amount: string, options?: { sign?: boolean; whole?: boolean; currency?: string }) => string;
  /** An energy or a volume with its unit, with as many places as its size needs. */
  quantity: (amount: string, unit: string) => string;
  number: (value: number, options?: Intl.NumberFormatOptions) => string;
  /** A part of one, such as 0.124, in per cent with one place. */
  percent: (part: string) => string;
  time: (at: string | number) => string;
  day: (at: string | number | Date) => string;
  /** A local date such as 2026-03-01, which has no clock: the same day in every zone; of another year with its year. */
  date: (on: string) => string;
  moment: (at: string | number) => string;
  /** A local date or hour as the API labels it, such as 2026-03-01 or 2026-03-01T05:00+02:00. */
  label: (label: string, step: string) => string;
}

const UNITS: Record<string, string> = { m3: "m³" };

/** What a browser that knows nothing of a language formats by: the English of where it is spoken. */
const OTHERWISE: Record<string, string> = { ha: "en-NG", sw: "en-KE", zu: "en-ZA" };

/** Return the tag to format with: the reader's own region where the language is the same; one that the browser has. */
export function localeFor(language: string): string {
  const own = typeof navigator === "undefined" ? undefined : navigator.language;
  const main = language.split("-")[0]!;
  const wanted = own?.split("-")[0] === main ? [own!, language] : [language];
  // unasked, a browser takes its own language, and the month would be in another one than the text
  return Intl.DateTimeFormat.supportedLocalesOf([...wanted, OTHERWISE[main] ?? "en"])[0] ?? "en";
}

const made = new Map<string, Formats>();

/** Return the formats of a locale, an estate's currency and its zone; every row of a list asks for them, and they are made once. */
export function formatsFor(locale: string, currency: string, timeZone: string): Formats {
  const key = `${locale} ${currency} ${timeZone}`;
  const formats = made.get(key) ?? makeFormats(locale, currency, timeZone);
  made.set(key, formats);
  return formats;
}

function makeFormats(locale: string, currency: string, timeZone: string): Formats {
  const date = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options });
  const time = date({ hour: "2-digit", minute: "2-digit" });
  const dayParts = { weekday: "short", day: "numeric", month: "short" } as const;
  const day = date(dayParts);
  const moment = date({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  // labels are local already
  const local = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const dated = local(dayParts);
  const datedWithYear = local({ ...dayParts, year: "numeric" });
  const thisYear = localDate(new Date(), timeZone).slice(0, 4);
  const hourly = local({ hour: "2-digit", minute: "2-digit" });
  const daily = local({ weekday: "short", day: "numeric" });
  const weekly = local({ day: "numeric", month: "short" });
  // "Nov 26" would be a day
  const monthly = local({ month: "short", year: "numeric" });
  const numbers = new Map<string, Intl.NumberFormat>();
  const number = (options: Intl.NumberFormatOptions): Intl.NumberFormat => {
    const name = JSON.stringify(options);
    const found = numbers.get(name) ?? new Intl.NumberFormat(locale, options);
    numbers.set(name, found);
    return found;
  };
  return {
    money: (amount, options = {}) =>
      number({
        style: "currency",
        currency: options.currency ?? currency,
        currencyDisplay: "narrowSymbol",
        signDisplay: options.sign ? "exceptZero" : "negative",
        ...(options.whole ? { maximumFractionDigits: 0 } : {}),
      }).format(amount as Intl.StringNumericLiteral),
    quantity: (amount, unit) => {
      const size = micro(amount);
      const places = size !== 0n && size < 10_000_000n && size > -10_000_000n ? 2 : 1;
      const shown = number({ maximumFractionDigits: unit === "m3" ? 3 : places });
      return `${shown.format(decimal(size) as Intl.StringNumericLiteral)}\u00a0${UNITS[unit] ?? unit}`;
    },
    number: (value, options = {}) => number(options).format(value),
    percent: (part) => number({ style: "percent", maximumFractionDigits: 1 }).format(part as Intl.StringNumericLiteral),
    time: (at) => time.format(new Date(at)),
    day: (at) => day.format(new Date(at)),
    date: (on) => (on.startsWith(thisYear) ? dated : datedWithYear).format(new Date(`${on}T00:00:00Z`)),
    moment: (at) => moment.format(new Date(at)),
    label: (label, step) => {
      const whole = label.length >= 16 ? label.slice(0, 16) : `${label.slice(0, 7)}-${label.slice(8, 10) || "01"}T00:00`;
      const at = new Date(`${whole}Z`);
      return (step === "hour" ? hourly : step === "month" ? monthly : step === "week" ? weekly : daily).format(at);
    },
  };
}

/** Where a page is about no estate: the reader's own clock, and no money. */
export const HERE = { currency: "XXX", time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone };

/** The formats of the reader for an estate's money and clock. */
export function useFormats(of: { currency: string; time_zone: string }): Formats {
  const { i18n } = useTranslation();
  return formatsFor(localeFor(i18n.language), of.currency, of.time_zone);
}

/** Return the local date of an instant in a zone, as YYYY-MM-DD. */
export function localDate(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/** Return a local date some days later; dates have no clock, so no summer time gets in the way. */
export function plusDays(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
