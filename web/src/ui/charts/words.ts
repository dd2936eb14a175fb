import { localeFor } from "../format";
import { micro } from "../money";

/** Return a part of a whole in per cent, in the reader's way; nothing where there is no whole. */
export function percentText(part: bigint, whole: bigint, language: string): string {
  if (whole === 0n) return "–";
  // rounded once: 19.498 % is 19 %
  const hundredths = Number((part * 200n + whole) / (whole * 2n));
  return new Intl.NumberFormat(localeFor(language), { style: "percent", maximumFractionDigits: 0 }).format(hundredths / 100);
}

/** Return a percentage that the API told as a text, such as 6.5000, in the reader's way. */
export function percentShown(percent: string, language: string): string {
  return `${new Intl.NumberFormat(localeFor(language), { maximumFractionDigits: 1 }).format(percent as Intl.StringNumericLiteral)}\u00a0%`;
}

export function listed(words: string[], language: string): string {
  return new Intl.ListFormat(localeFor(language), { type: "conjunction", style: "narrow" }).format(words);
}

/** Return where the greatest of what is known stands, or the least; -1 where nothing is known. */
export function placeOf(which: "most" | "least", values: readonly (string | null)[]): number {
  let found = -1;
  values.forEach((value, at) => {
    if (value === null) return;
    const isBetter = found < 0 || (which === "most" ? micro(value) > micro(values[found]!) : micro(value) < micro(values[found]!));
    if (isBetter) found = at;
  });
  return found;
}
