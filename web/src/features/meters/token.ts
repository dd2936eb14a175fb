/** The digits of a token as people type them: 20, in groups of four; a number of 66 bits (IEC 62055-41). */
export const DIGITS = 20;
const GROUP = 4;
const END = 1n << 66n;

/** What of a text are digits of a token: whatever else stands there, such as spaces and dashes, is left out. */
export function digitsOf(typed: string): string {
  return typed.replace(/\D/g, "").slice(0, DIGITS);
}

export function grouped(digits: string): string {
  return (digits.match(new RegExp(`.{1,${GROUP}}`, "g")) ?? []).join(" ");
}

/** Where the cursor stands in the grouped text, with so many digits before it. */
export function caretAfter(count: number): number {
  return count + Math.max(0, Math.floor((count - 1) / GROUP));
}

/** How many digits are missing; 0 is enough. */
export function missing(digits: string): number {
  return DIGITS - digits.length;
}

export function isToken(digits: string): boolean {
  return digits.length === DIGITS && BigInt(digits) < END;
}
