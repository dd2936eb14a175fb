import type { Home } from "@api";
import { micro, sum } from "@ui";

export type Supply = Home["supplies"][number];

/** What a home's state is, the worst first. */
export type HomeState = "off" | "goingOff" | "out" | "low" | "limited" | "fine";
const ORDER: HomeState[] = ["off", "goingOff", "out", "low", "limited", "fine"];

/** Return what somebody must know first of a home. */
export function stateOf(home: Home): HomeState {
  if (home.supplies.some((each) => !each.is_on)) return "off";
  if (home.supplies.some((each) => each.asked === "off")) return "goingOff";
  if (home.standing !== "in_credit") return home.standing;
  return home.spend_limit?.is_reached ? "limited" : "fine";
}

/** Return homes with those that need somebody first; of these, those whose money ends first. */
export function byNeed(homes: readonly Home[]): Home[] {
  return [...homes].sort(
    (a, b) =>
      ORDER.indexOf(stateOf(a)) - ORDER.indexOf(stateOf(b)) ||
      (a.days_left ?? Infinity) - (b.days_left ?? Infinity) ||
      a.name.localeCompare(b.name, undefined, { numeric: true }) ||
      a.wallet_id - b.wallet_id,
  );
}

/** Return what homes hold together, by currency: rand and naira make no sum. */
export function totals(homes: readonly Home[]): { currency: string; amount: string }[] {
  const found = new Map<string, string[]>();
  homes.forEach(({ balance }) => found.set(balance.currency, [...(found.get(balance.currency) ?? []), balance.amount]));
  return [...found].map(([currency, amounts]) => ({ currency, amount: sum(amounts) }));
}

/** Return the most that any utility of a home lacks to come back on; null where money alone does not help. */
export function toRestore(home: Home): { supply: Supply; amount: string } | null {
  const [most] = home.supplies
    .filter((each) => !each.is_on && each.to_restore !== null)
    .map((supply) => ({ supply, amount: supply.to_restore!.amount }))
    .sort((a, b) => (micro(a.amount) < micro(b.amount) ? 1 : -1));
  return most ?? null;
}

/** Return homes by the names of their estates and their own. */
export function byName(homes: readonly Home[]): Home[] {
  return [...homes].sort(
    (a, b) => a.estate.name.localeCompare(b.estate.name) || a.name.localeCompare(b.name, undefined, { numeric: true }) || a.wallet_id - b.wallet_id,
  );
}
