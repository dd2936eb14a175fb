import type { Schemas } from "@api";
import { decimal, micro, readAmount, sum } from "@ui";

export type Way = Schemas["DistributionIn"]["way"];

/** What somebody typed to share money out: amounts and percents in their own way of writing numbers. */
export interface Typed {
  way: Way;
  /** How much in all; empty is all that there is. */
  total: string;
  target: string;
  /** By wallet. */
  parts: Readonly<Record<number, string>>;
}

export type Fault = "amountWrong" | "percentWrong" | "tooMuch" | "overWhole" | "nobody";

export interface Read {
  body: Schemas["DistributionIn"] | null;
  /** What is wrong, by field: `total`, `target`, `parts`, or a wallet's number. */
  faults: Readonly<Record<string, Fault>>;
  /** What the parts that were typed come to: money by hand, percents by percent. */
  given: string;
}

const WHOLE = 100_000_000n;
const PERCENT_PLACES = 2;

/** Return what was typed as the API takes it, or what is wrong with it; nothing is rounded. */
export function readShare({ way, total, target, parts }: Typed, available: string): Read {
  const faults: Record<string, Fault> = {};
  const read = (text: string): string | null => readAmount(text, PERCENT_PLACES);
  const typed = Object.entries(parts).filter(([, text]) => text.trim() !== "");
  const amounts = typed.map(([wallet, text]) => ({ wallet_id: Number(wallet), amount: read(text) }));
  const isByPart = way === "amounts" || way === "percent";
  const given = sum(isByPart ? amounts.map(({ amount }) => amount) : []);
  if (isByPart) {
    amounts.filter(({ amount }) => amount === null).forEach(({ wallet_id }) => (faults[wallet_id] = way === "amounts" ? "amountWrong" : "percentWrong"));
    if (micro(given) === 0n && Object.keys(faults).length === 0) faults.parts = "nobody";
    if (way === "percent" && micro(given) > WHOLE) faults.parts = "overWhole";
    if (way === "amounts" && micro(given) > micro(available)) faults.parts = "tooMuch";
  }
  const whole = total.trim() === "" ? null : read(total);
  if (way !== "amounts" && total.trim() !== "") {
    if (whole === null || micro(whole) === 0n) faults.total = "amountWrong";
    // filling up gives as much as there is, whatever more was named
    else if (way !== "need" && micro(whole) > micro(available)) faults.total = "tooMuch";
  }
  const upTo = read(target);
  if (way === "need" && upTo === null) faults.target = "amountWrong";
  if (Object.keys(faults).length > 0) return { body: null, faults, given };
  const some = amounts.flatMap(({ wallet_id, amount }) => (amount === null || micro(amount) === 0n ? [] : [{ wallet_id, amount }]));
  return {
    body: {
      way,
      total: way === "amounts" ? null : whole,
      target: way === "need" ? upTo : null,
      percents: way === "percent" ? some.map(({ wallet_id, amount }) => ({ wallet_id, percent: amount })) : [],
      amounts: way === "amounts" ? some : [],
    },
    faults,
    given,
  };
}

/** One home in a distribution: what it has, gets, and has after it. */
export interface Line {
  wallet_id: number;
  name: string;
  before: string;
  gets: string;
  after: string;
}

/** Return each wallet's line, those that get nothing too, and what stays in the group. */
export function linesOf(done: Schemas["DistributionOut"], wallets: Schemas["GroupSummary"]["wallets"], available: string): { lines: Line[]; stays: string } {
  const gets = new Map(done.parts.map(({ wallet_id, amount }) => [wallet_id, amount.amount]));
  const lines = wallets.map(({ wallet_id, name, balance }) => {
    const part = gets.get(wallet_id) ?? "0";
    return { wallet_id, name, before: balance.amount, gets: part, after: sum([balance.amount, part]) };
  });
  return { lines, stays: decimal(micro(available) - micro(done.total.amount)) };
}
