import type { Schemas } from "@api";
import { decimal, micro } from "@ui";

/** A register as people know it: the meter's serial number and what it counts. */
export type Known = Schemas["VirtualRegister"];

/** What goes into a formula, added or taken away. */
export interface Part {
  register: Known;
  isLess: boolean;
}

/** What comes out of it, and its share. */
export interface Result {
  register: Known;
  share: string;
}

export interface Formula {
  parts: Part[];
  results: Result[];
  stepMinutes: number | null;
  /** An instant; null while the field holds none. */
  fromAt: string | null;
  replaces: number | null;
}

/** A formula as the API takes it; null as long as something is lacking. */
export function bodyOf({ parts, results, stepMinutes, fromAt, replaces }: Formula): Schemas["VirtualMeterIn"] | null {
  const ids = (isLess: boolean): number[] => parts.filter((each) => each.isLess === isLess).map((each) => each.register.register_id);
  const into = results.map(({ register, share }) => ({ register_id: register.register_id, share: share.trim() }));
  if (ids(false).length === 0 || into.length === 0 || fromAt === null || results.some(({ share }) => fractionOf(share) === null)) return null;
  return { of: ids(false), less: ids(true), into, step_minutes: stepMinutes, from_at: fromAt, ...(replaces === null ? {} : { replaces }) };
}

/** What is wrong with a list of shares, or what is left of the whole; each is a fraction, such as 1/3, or a decimal. */
export function restOf(shares: string[]): "wrong" | "tooMuch" | "none" | "some" {
  let [above, below] = [0n, 1n];
  for (const share of shares) {
    const found = fractionOf(share);
    if (found === null) return "wrong";
    [above, below] = [above * found[1] + found[0] * below, below * found[1]];
  }
  return above > below ? "tooMuch" : above === below ? "none" : "some";
}

/** A share as numerator and denominator, above zero and one at most; null where it is none. */
export function fractionOf(share: string): [bigint, bigint] | null {
  const found = /^(\d{1,6})(?:\/(\d{1,6})|\.(\d{1,6}))?$/.exec(share.trim());
  if (found === null) return null;
  const [, whole = "", under, places = ""] = found;
  const below = under === undefined ? 10n ** BigInt(places.length) : BigInt(under);
  const above = BigInt(`${whole}${places}`);
  return below === 0n || above === 0n || above > below ? null : [above, below];
}

export interface Step {
  takenAt: string;
  amount: string;
  unit: string;
  /** Since the value before; null of the first, which is the opening. */
  rise: string | null;
  isEstimated: boolean;
}

/** The values of each register that is made, oldest first, each with what it rose by since the one before. */
export function stepsOf(values: Schemas["VirtualValue"][]): Map<number, Step[]> {
  const found = new Map<number, Step[]>();
  for (const { register_id, taken_at, value, is_estimated } of values) {
    const steps = found.get(register_id) ?? [];
    const before = steps.at(-1);
    steps.push({ takenAt: taken_at, amount: value.amount, unit: value.unit, rise: before === undefined ? null : decimal(micro(value.amount) - micro(before.amount)), isEstimated: is_estimated });
    found.set(register_id, steps);
  }
  return found;
}
