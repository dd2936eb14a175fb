import { micro } from "@ui";

/** Formats with every place that counts: an explanation can be worked out again. */
export interface Exact {
  money: (amount: string) => string;
  /** Money with as many places as it takes for what is shown to add up: 0.1952 and 0.0293 are 0.2245, where cents would be 0.20, 0.03 and 0.22. */
  adding: (...sums: Sum[]) => (amount: string) => string;
  /** A price with all its places, and at least those of the currency. */
  price: (amount: string) => string;
  quantity: (amount: string, unit: string) => string;
  percent: (percent: string) => string;
  /** A part of one, in per cent. */
  share: (part: string) => string;
  day: (at: string) => string;
  moment: (at: string) => string;
  /** Without seconds. */
  minute: (at: string) => string;
  /** From one instant to another, naming a day that both share once. */
  span: (from: string, to: string) => string;
  /** A local date such as 2026-03-01, which has no clock. */
  date: (on: string) => string;
  /** The month of an instant. */
  month: (at: string) => string;
}

/** Amounts, and what they come to. */
export type Sum = [parts: string[], total: string];

const UNITS: Record<string, string> = { m3: "m³" };
const PLACES = 6;

/**
 * Return the formats of a locale for a language, an estate's currency and its zone.
 *
 * Where the browser does not know the language, dates are written in figures: no word of another one gets among the reader's.
 */
export function exactFor(locale: string, { language, currency, timeZone }: { language: string; currency: string; timeZone: string }): Exact {
  const dates = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat(locale, { timeZone, ...options });
  const isForeign = locale.split("-")[0] !== language.split("-")[0];
  const months = isForeign ? ({ month: "2-digit", year: "numeric" } as const) : ({ month: "long", year: "numeric" } as const);
  const whole = { ...months, day: isForeign ? "2-digit" : "numeric" } as const;
  const clock = { hour: "2-digit", minute: "2-digit" } as const;
  const day = dates(whole);
  const date = dates({ ...whole, timeZone: "UTC" });
  const month = dates(months);
  const moment = dates({ ...whole, ...clock });
  const second = dates({ ...whole, ...clock, second: "2-digit" });
  const timed = (...at: Date[]): Intl.DateTimeFormat => (at.some((each) => each.getUTCSeconds() !== 0) ? second : moment);
  const inMoney = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  const money = new Intl.NumberFormat(locale, { ...inMoney, signDisplay: "negative" });
  const price = new Intl.NumberFormat(locale, { ...inMoney, maximumFractionDigits: PLACES });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: PLACES });
  const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: PLACES - 2 });
  const written = (amount: string): string => number.format(amount as Intl.StringNumericLiteral);
  return {
    money: (amount) => money.format(amount as Intl.StringNumericLiteral),
    adding: (...sums) => {
      const { maximumFractionDigits: cents = 2 } = money.resolvedOptions();
      const places = Array.from({ length: PLACES - cents + 1 }, (_, at) => cents + at).find((each) => sums.every((sum) => isSeenToAdd(sum, each))) ?? cents;
      const format = new Intl.NumberFormat(locale, { ...inMoney, signDisplay: "negative", minimumFractionDigits: places, maximumFractionDigits: places });
      return (amount) => format.format(amount as Intl.StringNumericLiteral);
    },
    price: (amount) => price.format(amount as Intl.StringNumericLiteral),
    quantity: (amount, unit) => `${written(amount)}\u00a0${UNITS[unit] ?? unit}`,
    percent: (percent) => `${written(percent)}\u00a0%`,
    share: (part) => share.format(part as Intl.StringNumericLiteral),
    day: (at) => day.format(new Date(at)),
    minute: (at) => moment.format(new Date(at)),
    moment: (at) => timed(new Date(at)).format(new Date(at)),
    span: (from, to) => timed(new Date(from), new Date(to)).formatRange(new Date(from), new Date(to)),
    date: (on) => date.format(new Date(`${on}T00:00:00Z`)),
    month: (at) => month.format(new Date(at)),
  };
}

function isSeenToAdd([parts, total]: Sum, places: number): boolean {
  const unit = 10n ** BigInt(PLACES - places);
  // as the formats round: halves away from nothing
  const seen = (amount: string): bigint => {
    const value = micro(amount);
    const size = ((value < 0n ? -value : value) + unit / 2n) / unit;
    return value < 0n ? -size : size;
  };
  return parts.reduce((sum, each) => sum + seen(each), 0n) === seen(total);
}
