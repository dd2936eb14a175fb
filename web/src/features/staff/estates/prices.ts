import { decimal, micro } from "@ui";
import { segmentOn, timelines, type Segment } from "@ui/staff";
import type { Schemas } from "@api";

/** A rate table that is in force in the whole estate for a utility under a role, and what follows it. */
export interface InForce {
  utility: Schemas["RateAssignmentOut"]["utility"];
  role: string;
  now: Segment | undefined;
  next: Segment | undefined;
}

/** What is in force on a local day and what comes next, by utility and role; single units' tables are left out. */
export function inForce(assignments: Schemas["RateAssignmentOut"][], day: string): InForce[] {
  return timelines(assignments)
    .filter(({ scope }) => scope === "estate")
    .map((each) => ({ utility: each.utility, role: each.role, ...segmentOn(each, day) }))
    .filter(({ now, next }) => now?.rate_table_id != null || next !== undefined);
}

/** What a unit uses in a month where all use the same, in base units; null where nothing is known. */
export function typicalUse(used: Schemas["EstateConsumption"] | undefined, { utility, units }: { utility: string; units: number }): string | null {
  const line = used?.totals.find((each) => each.utility === utility && each.register === "import");
  const last = line?.values.at(-1);
  if (last === undefined || units === 0) return null;
  const each = micro(last) / BigInt(units);
  return each > 0n ? decimal(each) : null;
}

/** A price of a rate table in words: what it is called, and what it costs in its simplest form. */
export interface PriceLine {
  name: string;
  /** Key of the words for what the price is for. */
  per: "unit" | "day" | "month" | "demand" | "minimum" | "credit";
  /** Prices in words' order: one, or one for each block, letter and season. */
  prices: { when: string; price: string; upTo: string | null }[];
}

type Document = Record<string, unknown>;

function leaves(price: unknown, when: string[] = []): PriceLine["prices"] {
  if (typeof price === "string") return [{ when: when.join(" "), price, upTo: null }];
  if (Array.isArray(price)) {
    return price.map((block: Document) => ({ when: when.join(" "), price: String(block.price), upTo: block.up_to === undefined ? null : String(block.up_to) }));
  }
  if (typeof price !== "object" || price === null) return [];
  return Object.entries(price).flatMap(([key, below]) => leaves(below, [...when, key]));
}

/** The prices of a document, as far as they have this shape; a charge of another one is named without prices. */
export function pricesOf(document: Document): PriceLine[] {
  const charges = Array.isArray(document.charges) ? (document.charges as Document[]) : [];
  return charges.map((charge) => ({
    name: String(charge.name),
    per:
      charge.kind === "usage"
        ? charge.register === "export"
          ? "credit"
          : "unit"
        : charge.kind === "demand"
          ? "demand"
          : charge.kind === "minimum"
            ? "minimum"
            : charge.per === "day"
              ? "day"
              : "month",
    prices: leaves(charge.blocks ?? charge.price),
  }));
}
