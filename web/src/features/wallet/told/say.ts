import type { Schemas } from "@api";
import type { TellExplained } from "@ui";
import type { Exact } from "./exact";

export type Told = Schemas["ExplanationOut"];
export type CostLine = Schemas["CostLineOut"];
export type Part = Schemas["EntryPartOut"];

/** What it takes to tell something to one reader. */
export interface Say {
  t: TellExplained;
  exact: Exact;
  /** The word for a kind of entry. */
  kind: (kind: string) => string;
  utility: (utility: string) => string;
}

/** Without a sign: which way it went is said in words. */
export function unsigned(amount: string): string {
  return amount.replace(/^-/, "");
}

/** With the other sign; nothing has none. */
export function negated(amount: string): string {
  if (!/[1-9]/.test(amount)) return amount;
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}
