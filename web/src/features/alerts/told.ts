import type { Schemas } from "@api";
import type { Formats, TellExplained } from "@ui";

type Alert = Pick<Schemas["AlertOut"], "kind" | "detail">;

interface Say {
  t: TellExplained;
  formats: Formats;
  utility: (utility: string) => string;
}

/** Alerts that are raised to residents, with what each names. */
const NAMES = {
  low_balance: ["unit", "utility", "balance"],
  balance_out: ["unit", "utility", "balance"],
  balance_back: ["unit", "utility", "balance"],
  spend_warning: ["unit", "spent", "limit", "span"],
  spend_reached: ["unit", "limit", "span"],
  cut_deferred: ["unit", "utility", "until"],
  top_up_wanted: ["unit", "amount"],
  group_low: ["group", "available", "lacking"],
  rate_change: ["unit", "utility"],
  impersonated: ["by", "reason"],
  reading_due: ["unit", "meters", "last_on"],
  reading_accepted: ["meter", "value", "measured", "amount"],
} as const;
const MONEY = ["balance", "spent", "limit", "amount", "available", "lacking"];

/** Tell an alert in the reader's language; undefined where the API's sentence is all there is. */
export function alertTold({ kind, detail }: Alert, { t, formats, utility }: Say): string | undefined {
  const names = NAMES[kind as keyof typeof NAMES] as readonly string[] | undefined;
  if (names === undefined || names.some((each) => detail[each] === undefined)) return undefined;
  const said = (name: string): string => {
    const value = detail[name]!;
    if (MONEY.includes(name)) return formats.money(value, { currency: detail.currency });
    if (name === "utility") return utility(value);
    if (name === "span") return value === "day" || value === "month" ? t(`span.${value}`) : value;
    return name === "value" ? formats.quantity(value, detail.measured ?? "") : value;
  };
  const values = Object.fromEntries(names.map((each) => [each, said(each)]));
  if (detail.last_on !== undefined) values.date = formats.date(detail.last_on);
  // which values a text has depends on the kind; the names above and the test hold them together
  const tell = t as (key: string, values: Record<string, string>) => string;
  return tell(`alert.${kind}`, values);
}
