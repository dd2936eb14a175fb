/** A rate table's document as the form writes it: what the form does not know stays as it is. Prices are decimal texts. */

export type Price = string | Record<string, string | Record<string, string>>;
export const DAY_TYPES = ["weekday", "saturday", "sunday"] as const;
export type DayType = (typeof DAY_TYPES)[number];
export type Week = Record<DayType, string>;
export interface Block {
  up_to?: string;
  price: string;
}
export interface Charge {
  name: string;
  kind: string;
  price?: Price;
  blocks?: Block[] | Record<string, unknown>;
  [key: string]: unknown;
}
export interface RateDocument {
  rate_table: number;
  name: string;
  utility: string;
  currency: string;
  effective_from: string;
  tax?: { name: string; percent: string; prices: string };
  seasons?: Record<string, { from: string; to: string }>;
  clocks?: Week | Record<string, Week>;
  conversion?: { unit: string };
  charges: Charge[];
  [key: string]: unknown;
}

/** One price: of a season and a letter; empty where the table has none. */
export interface Cell {
  season: string;
  letter: string;
  price: string;
}

const HOURS = 24;

export function seasonsOf(document: RateDocument): string[] {
  const names = Object.keys(document.seasons ?? {});
  return names.length === 0 ? [""] : names;
}

/** The week of a season; null where prices do not depend on the hour. */
export function weekOf(document: RateDocument, season: string): Week | null {
  const { clocks } = document;
  if (clocks === undefined) return null;
  return "weekday" in clocks ? (clocks as Week) : ((clocks as Record<string, Week>)[season] ?? null);
}

export function lettersOf(week: Week | null): string[] {
  return week === null ? [""] : [...new Set(DAY_TYPES.flatMap((day) => [...week[day]]))].sort();
}

/** Return every price that a charge must have, in the order of seasons and letters. */
export function cellsOf(document: RateDocument, price: Price | undefined): Cell[] {
  return seasonsOf(document).flatMap((season) =>
    lettersOf(weekOf(document, season)).map((letter) => ({ season, letter, price: priceAt(price, season, letter) })),
  );
}

function priceAt(price: Price | undefined, season: string, letter: string): string {
  if (price === undefined) return "";
  if (typeof price === "string") return price;
  const ofSeason = price[season] ?? price[letter];
  if (ofSeason === undefined) return "";
  return typeof ofSeason === "string" ? ofSeason : (ofSeason[letter] ?? "");
}

/** Return the shortest way to write these prices. */
export function priceOf(cells: Cell[]): Price {
  const seasons = [...new Set(cells.map(({ season }) => season))];
  const whole = only(cells.map(({ price }) => price));
  if (whole !== null) return whole;
  const rows = seasons.map((season) => {
    const own = cells.filter((cell) => cell.season === season);
    const same = only(own.map(({ price }) => price));
    return [season, same ?? Object.fromEntries(own.map(({ letter, price }) => [letter, price]))] as const;
  });
  return seasons.length === 1 && seasons[0] === "" ? (rows[0]![1] as Record<string, string>) : Object.fromEntries(rows);
}

function only(values: string[]): string | null {
  return values.every((each) => each === values[0]) ? (values[0] ?? "") : null;
}

/** Put prices of seasons and letters that are new in their place: the ones nearest, so that nothing is forgotten. */
export function withTimes(document: RateDocument, change: (draft: RateDocument) => void): RateDocument {
  const draft = structuredClone(document);
  change(draft);
  const charges = draft.charges.map((charge) => {
    if (charge.price === undefined || (charge.kind !== "usage" && charge.kind !== "demand")) return charge;
    const fallback = cellsOf(document, charge.price).find(({ price }) => price !== "")?.price ?? "";
    const cells = cellsOf(charge.kind === "demand" ? withoutClocks(draft) : draft, charge.price);
    return { ...charge, price: priceOf(cells.map((cell) => ({ ...cell, price: cell.price || fallback }))) };
  });
  return { ...draft, charges };
}

export function withoutClocks(document: RateDocument): RateDocument {
  const rest = { ...document };
  delete rest.clocks;
  return rest;
}

/** Return a week in which an hour of a day has another letter; a week by half hours has both halves changed. */
export function painted(week: Week, day: DayType, hour: number, letter: string): Week {
  const line = week[day];
  const wide = line.length / HOURS;
  return { ...week, [day]: line.slice(0, hour * wide) + letter.repeat(wide) + line.slice((hour + 1) * wide) };
}

/** Return the letter of an hour; of one whose halves differ both. */
export function letterAt(week: Week, day: DayType, hour: number): string {
  const wide = week[day].length / HOURS;
  return [...new Set(week[day].slice(hour * wide, (hour + 1) * wide))].join("");
}

export function setWeek(document: RateDocument, season: string, week: Week): void {
  if (season === "") document.clocks = week;
  else document.clocks = { ...(document.clocks as Record<string, Week> | undefined), [season]: week };
}

/** What the form shows fields for; the rest it keeps, and says that it is changed in the text. */
export function isEditable(document: RateDocument, charge: Charge): boolean {
  if (charge.kind === "fixed" || charge.kind === "minimum") return typeof charge.price === "string";
  if (charge.kind === "demand") return charge.price !== undefined;
  if (charge.kind !== "usage") return false;
  if (charge.blocks === undefined) return charge.price !== undefined;
  return Array.isArray(charge.blocks) && document.charges.includes(charge);
}

/** Keys of the document that the form has no fields for. */
export function keptKeys(document: RateDocument): string[] {
  const known = ["rate_table", "name", "utility", "currency", "effective_from", "period", "tax", "seasons", "clocks", "charges"];
  return Object.keys(document).filter((key) => !known.includes(key));
}

/** A first table to begin with. */
export function begun(currency: string, from: string): RateDocument {
  const charges = [{ name: "Energy", kind: "usage", price: "" }];
  return { rate_table: 1, name: "", utility: "electricity", currency, effective_from: from, charges };
}

/** Return the first day of the month after a local date. */
export function nextMonth(date: string): string {
  const at = new Date(`${date.slice(0, 7)}-01T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() + 1);
  return at.toISOString().slice(0, 10);
}
