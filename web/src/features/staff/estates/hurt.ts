import { decimal, micro } from "@ui";
import type { Schemas } from "@api";

export type Figures = Schemas["EstateFigures"];

/** What is wrong in an estate, with how many; what is more urgent comes first. */
export type Pain = { kind: "out" | "silent" | "alerts" | "held" | "issues" | "losses" | "low"; count: number };

export function pains(of: Figures): Pain[] {
  const found: Pain[] = [
    { kind: "out", count: of.accounts_out },
    { kind: "silent", count: of.silent_meters },
    { kind: "alerts", count: of.open_alerts },
    { kind: "held", count: of.held_readings },
    { kind: "issues", count: of.open_issues },
    { kind: "losses", count: of.losses_above },
    { kind: "low", count: of.accounts_low },
  ];
  return found.filter(({ count }) => count > 0);
}

/** Parts of ten thousand, so that nothing is divided into fractions. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 10_000) / whole);
}

/**
 * How much an estate hurts: the shares of its accounts that are out and of its meters that are silent count most,
 * so that a small estate in the dark stands before a large one with a few; then what waits for somebody.
 */
export function hurt(of: Figures): number {
  const waiting = Math.min(of.open_alerts, 20) * 40 + Math.min(of.held_readings + of.open_issues + of.losses_above, 50) * 10;
  return share(of.accounts_out, of.accounts) * 3 + share(of.silent_meters, of.meters) * 2 + share(of.accounts_low, of.accounts) + waiting;
}

export const ORDERS = ["worst", "name", "units", "revenue"] as const;
export type Order = (typeof ORDERS)[number];

const byName = (one: Figures, other: Figures): number => one.estate.name.localeCompare(other.estate.name);

function bySize(of: (each: Figures) => bigint): (one: Figures, other: Figures) => number {
  return (one, other) => (of(one) === of(other) ? byName(one, other) : of(one) < of(other) ? 1 : -1);
}

const COMPARE: Record<Order, (one: Figures, other: Figures) => number> = {
  worst: bySize((each) => BigInt(hurt(each))),
  name: byName,
  units: bySize((each) => BigInt(each.units)),
  revenue: bySize((each) => micro(each.revenue.amount)),
};

/** The estates whose name, address or contact has the words, in an order. */
export function sorted(all: Figures[], { order, words }: { order: Order; words: string }): Figures[] {
  const sought = words.trim().toLocaleLowerCase();
  const has = ({ estate }: Figures): boolean => `${estate.name} ${estate.address} ${estate.contact_name ?? ""}`.toLocaleLowerCase().includes(sought);
  return all.filter(has).sort(COMPARE[order]);
}

type Count = "units" | "occupied" | "vacant" | "meters" | "silent_meters" | "accounts" | "accounts_out" | "accounts_low" | "open_alerts";

/** All estates together; money only where it is one currency. */
export function together(all: Figures[]): Record<Count, number> & { revenue: string | null; revenueBefore: string | null; surplus: string | null; currency: string | null } {
  const count = (name: Count): number => all.reduce((sum, each) => sum + each[name], 0);
  const currencies = new Set(all.map((each) => each.revenue.currency));
  const currency = currencies.size === 1 ? [...currencies][0]! : null;
  const money = (of: (each: Figures) => string): string | null =>
    currency === null ? null : decimal(all.reduce((sum, each) => sum + micro(of(each)), 0n));
  return {
    units: count("units"),
    occupied: count("occupied"),
    vacant: count("vacant"),
    meters: count("meters"),
    silent_meters: count("silent_meters"),
    accounts: count("accounts"),
    accounts_out: count("accounts_out"),
    accounts_low: count("accounts_low"),
    open_alerts: count("open_alerts"),
    revenue: money((each) => each.revenue.amount),
    // only where every estate books its costs: else a part of the revenue would look like profit
    surplus: all.every(({ surplus }) => surplus !== null) ? money((each) => each.surplus!.amount) : null,
    revenueBefore: money((each) => each.revenue_before.amount),
    currency,
  };
}
