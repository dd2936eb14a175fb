import { decimal, micro } from "@ui";
import type { Schemas } from "@api";

type Assignment = Schemas["RateAssignmentOut"];

/** A rate table that is in force in the whole estate for a utility under a role, and the one that follows it. */
export interface InForce {
  utility: Assignment["utility"];
  role: string;
  now: Assignment | null;
  next: Assignment | null;
}

/** What is in force on a local day and what comes next, by utility and role; single units' tables are left out. */
export function inForce(assignments: Assignment[], day: string): InForce[] {
  const found = new Map<string, InForce>();
  const ofEstate = assignments
    .filter(({ scope }) => scope === "estate")
    // of two from the same day, the one that was made later holds
    .sort((one, other) => one.effective_from.localeCompare(other.effective_from) || one.rate_assignment_id - other.rate_assignment_id);
  for (const each of ofEstate) {
    const key = `${each.utility} ${each.role}`;
    const known = found.get(key) ?? { utility: each.utility, role: each.role, now: null, next: null };
    if (each.effective_from <= day) known.now = each.effective_until !== null && each.effective_until <= day ? null : each;
    else if (known.next === null || known.next.effective_from === each.effective_from) known.next = each;
    found.set(key, known);
  }
  return [...found.values()].filter(({ now, next }) => now !== null || next !== null);
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
