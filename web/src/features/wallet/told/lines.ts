import { decimal, micro } from "@ui";
import type { Sum } from "./exact";
import { negated, unsigned, type CostLine, type Part, type Say, type Told } from "./say";

/** A line of what makes an amount: what, how it is worked out, what it comes to. */
export interface Line {
  title: string;
  hints: string[];
  amount: string;
}

export interface Group {
  heading: string | null;
  lines: Line[];
}

/** What an amount is made of, with its sums below; nothing where it cannot be put together again. */
export interface Made {
  /** What is to be known before the lines. */
  before: string[];
  groups: Group[];
  sums: { title: string; amount: string; isTotal: boolean }[];
  after: string[];
}

const LETTERS = ["P", "S", "O"] as const;
const SEASONS = ["high", "low", "summer", "winter"] as const;
const SAVED = { supply: "shared.saved", network: "shared.savedNetwork", levy: "shared.savedLevy" } as const;
const PART = { roof: "shared.roof", own_surplus: "shared.surplus", incentive: "shared.incentive" } as const;

/** Return what an amount is made of, or null where nothing is known of it. */
export function madeOf(told: Told, say: Say): Made | null {
  if (told.parts.length > 0) return ofParts(told, say);
  if (!told.is_exact || told.total === null || told.lines.length === 0) return null;
  const back = told.lines.filter((each) => each.is_taken_back);
  const now = told.lines.filter((each) => !each.is_taken_back);
  const { t } = say;
  const { gross, tax } = told.total;
  const amounts = told.lines.map(shownOf);
  const money = say.exact.adding([told.lines.every(hasTaxInside) ? amounts : [...amounts, tax.amount], gross.amount]);
  const group = (heading: string | null, lines: CostLine[]): Group => ({
    heading,
    lines: lines.length === 0 ? [{ title: t("nothing"), hints: [], amount: "" }] : lines.map((each) => line(each, say, { withTime: isSpread(lines), money })),
  });
  return {
    before: back.length === 0 && isSpread(now) ? [t("spread")] : [],
    groups: back.length === 0 ? [group(null, now)] : [group(t("takenBack"), back), group(t("chargedNow"), now)],
    sums: sums(told, say, money),
    after: [...tables(now.length === 0 ? back : now, say), ...conversions(now.length === 0 ? back : now, told, say)],
  };
}

function hasTaxInside({ tax_rate }: CostLine): boolean {
  return tax_rate?.is_inclusive === true;
}

/** What a line comes to: where the prices have the tax inside, so have the amounts. */
function shownOf(each: CostLine): string {
  return hasTaxInside(each) ? decimal(micro(each.net.amount) + micro(each.tax.amount)) : each.net.amount;
}

function isSpread(lines: CostLine[]): boolean {
  return new Set(lines.map((each) => each.from)).size > 1;
}

/** What a quantity counted as: time of use, season, block. */
export function countedAs(line: CostLine, { t }: Say): string {
  const letter = LETTERS.find((each) => each === line.letter);
  const season = SEASONS.find((each) => each === line.season);
  return [
    line.letter === null ? "" : letter === undefined ? t("letter.other", { letter: line.letter }) : t(`letter.${letter}`),
    line.season === null ? "" : season === undefined ? t("season.other", { season: line.season }) : t(`season.${season}`),
    line.block === 0 ? t("allowance") : line.block === null || !line.has_blocks ? "" : t("block", { block: line.block }),
  ]
    .filter(Boolean)
    .join(", ");
}

function line(each: CostLine, say: Say, { withTime, money }: { withTime: boolean; money: (amount: string) => string }): Line {
  const { exact } = say;
  const counted = countedAs(each, say);
  const time = withTime && each.from !== null && each.to !== null ? [exact.span(each.from, each.to)] : [];
  return {
    title: counted === "" ? each.charge : `${each.charge}: ${counted}`,
    hints: [...time, ...(each.kind === "usage" ? [byQuantity(each, say)] : byTime(each, say))],
    amount: money(shownOf(each)),
  };
}

function byQuantity(each: CostLine, { t, exact }: Say): string {
  const quantity = exact.quantity(each.quantity.amount, each.quantity.unit);
  return each.block === 0 ? t("free", { quantity }) : `${quantity} × ${exact.price(each.price.amount)}`;
}

/** What a charge by time is for: days, a peak, what a minimum bill lacked. */
function byTime(each: CostLine, say: Say): string[] {
  const { t, exact } = say;
  const price = exact.price(each.price.amount);
  const date = each.first_on === null ? "" : exact.date(each.first_on);
  const share = each.days === null || each.days === each.whole_days ? [] : [t("ofDays", { days: each.days, whole: each.whole_days })];
  const quantity = exact.quantity(unsigned(each.quantity.amount), each.quantity.unit);
  switch (each.kind) {
    case "fixed":
      return each.quantity.unit === "day" ? [t("byDay", { date, price })] : [t("byMonth", { date, price }), ...share];
    case "netting":
      return [...(each.of_charge === null ? [] : [t("nettedOf", { charge: each.of_charge })]), byQuantity(each, say)];
    case "surplus":
      return [t("month", { date }), `${t("beyond", { quantity })} × ${price}`];
    case "minimum":
      return [t("least", { price }), t("month", { date }), ...share];
    default:
      return [`${quantity} × ${price}`, ...(each.peak_at === null ? [] : [t("reached", { when: exact.moment(each.peak_at) })]), ...share];
  }
}

/** Tax and sum: a tax on top stands above the sum, one that the prices contain below it. */
function sums(told: Told, { t, exact }: Say, money: (amount: string) => string): Made["sums"] {
  const { gross, tax } = told.total!;
  const rates = new Map(told.lines.flatMap((each) => (each.tax_rate === null ? [] : [[each.tax_rate.name, each.tax_rate]])));
  const [rate, ...others] = rates.values();
  const isOne = rate !== undefined && others.length === 0;
  const named = isOne ? { name: rate.name, percent: exact.percent(rate.percent) } : null;
  const isInside = isOne && rate.is_inclusive;
  const total = {
    title: t(gross.amount.startsWith("-") ? "credit" : "together"),
    amount: money(unsigned(gross.amount)),
    isTotal: true,
  };
  if (micro(tax.amount) === 0n) return [total];
  const taxed = { title: named === null ? t("tax") : t(isInside ? "taxInside" : "taxNamed", named), amount: money(tax.amount), isTotal: false };
  return isInside ? [total, taxed] : [taxed, total];
}

function tables(lines: CostLine[], { t, exact }: Say): string[] {
  const told = lines.map(({ role, rate_table, in_force_from }) => {
    const named = { table: rate_table, date: exact.date(in_force_from) };
    return role === "network" || role === "levy" ? t(`pricesOf.${role}`, named) : t("prices", named);
  });
  return [...new Set(told)];
}

function conversions(lines: CostLine[], told: Told, { t, exact }: Say): string[] {
  const found = lines.flatMap(({ conversion }) =>
    conversion === null
      ? []
      : [t("conversion", { one: exact.quantity("1", told.total!.quantity.unit), other: exact.quantity(conversion.factor, conversion.unit) })],
  );
  return [...new Set(found)];
}

/** Shared generation and solar credits: what each part is worth to the reader, and what of it was booked before. */
function ofParts(told: Told, say: Say): Made {
  const { t, exact } = say;
  const now = told.parts.filter((each) => !each.is_taken_back);
  const worth = worthOf(told, now, exact);
  const tax = now.reduce((sum, each) => sum + micro(each.tax.amount), 0n);
  const sum = (title: string, gross: string | undefined, isTotal: boolean): Made["sums"] => (gross === undefined ? [] : [{ title, amount: worth(gross), isTotal }]);
  const whole = (told.new ?? told.total)?.gross.amount;
  return {
    before: [],
    groups: [{ heading: null, lines: now.map((each) => partLine(each, say, worth)) }],
    sums: [
      ...sum(t("shared.worth"), whole, told.old === null),
      ...(told.old === null ? [] : [...sum(t("shared.before"), told.old.gross.amount, false), ...sum(t("shared.now"), told.total?.gross.amount, true)]),
    ],
    after: tax === 0n ? [] : [t(tax > 0n ? "shared.taxMore" : "shared.taxLess", { amount: exact.money(unsigned(decimal(tax))) })],
  };
}

function grossOf({ net, tax }: Part): string {
  return decimal(micro(net.amount) + micro(tax.amount));
}

/** How what parts are worth is written: they add up to the whole, and that to what was booked before and now. */
function worthOf(told: Told, now: Part[], exact: Say["exact"]): (gross: string) => string {
  const whole = (told.new ?? told.total)?.gross.amount;
  const shown: Sum[] = whole === undefined ? [] : [[now.map(grossOf), whole]];
  if (whole !== undefined && told.old !== null && told.total !== null) shown.push([[told.old.gross.amount, told.total.gross.amount], whole]);
  const money = exact.adding(...shown);
  return (gross) => money(negated(gross));
}

function partLine(each: Part, say: Say, worth: (gross: string) => string): Line {
  const { t, exact } = say;
  const amount = worth(grossOf(each));
  if (each.panels !== null) {
    const { capacity, price, days, year_days, share } = each.panels;
    const of = { capacity: exact.quantity(capacity.amount, capacity.unit), price: exact.price(price.amount) };
    return { title: each.what, hints: [t("solar.price", of), t("solar.days", { days, whole: year_days, share: exact.share(share) })], amount };
  }
  const word = each.what === "grid_saved" ? SAVED[(each.role ?? "supply") as keyof typeof SAVED] : PART[each.what as keyof typeof PART];
  return { title: word === undefined ? each.what : t(word), hints: [exact.quantity(each.quantity.amount, each.quantity.unit)], amount };
}
