/** Exact decimals: the API's texts are counted in millionths, as the ledger counts them. */

const PLACES = 6;
const ONE = 1_000_000n;

/** Return a decimal text in millionths. */
export function micro(amount: string): bigint {
  const [, sign, whole = "0", part = ""] = /^([-+]?)(\d*)\.?(\d*)$/.exec(amount.trim()) ?? [];
  if (whole === "0" && sign === undefined) throw new Error(`${amount} is no amount`);
  if (part.length > PLACES) throw new Error(`${amount} has more than ${PLACES} decimal places`);
  const size = BigInt(whole || "0") * ONE + BigInt(part.padEnd(PLACES, "0") || "0");
  return sign === "-" ? -size : size;
}

/** Return millionths as a decimal text. */
export function decimal(value: bigint): string {
  const size = value < 0n ? -value : value;
  return `${value < 0n ? "-" : ""}${size / ONE}.${(size % ONE).toString().padStart(PLACES, "0")}`;
}

/** Return the sum of decimal texts as one; what is not known counts nothing. */
export function sum(amounts: readonly (string | null)[]): string {
  return decimal(amounts.reduce((total, each) => total + (each === null ? 0n : micro(each)), 0n));
}

export function isNegative(amount: string): boolean {
  return micro(amount) < 0n;
}

/** Return a decimal text as people write it: without the zeros that say nothing. */
export function plain(amount: string): string {
  return amount.includes(".") ? amount.replace(/\.?0+$/, "") : amount;
}
