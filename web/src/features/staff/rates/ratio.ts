import { decimal, micro } from "@ui";

/**
 * By how much of the old amount the new one differs, as a decimal text: 0.124000 is 12.4 %; null where the old one is no
 * amount that anything can be a part of.
 */
export function ratio(before: string, after: string): string | null {
  const base = micro(before);
  if (base <= 0n) return null;
  const size = micro(after) - base;
  // to the nearest millionth
  return decimal(((size < 0n ? -size : size) * 2_000_000n + base) / (2n * base));
}

/** Where a bar ends that stands for an amount, of `width`, when the largest takes all of it. */
export function lengthOf(amount: string, largest: bigint, width: number): number {
  const size = micro(amount);
  return largest <= 0n || size <= 0n ? 0 : Number((size * BigInt(width)) / largest);
}

export function largestOf(amounts: string[]): bigint {
  return amounts.reduce((most, each) => (micro(each) > most ? micro(each) : most), 0n);
}
