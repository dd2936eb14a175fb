import { localeFor } from "./format";
import { plain } from "./money";

/** Spaces of all widths and apostrophes, which some put between thousands. */
const BETWEEN = /[\s'’]/g;
const GROUPED = [
  { mark: ",", whole: /^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/ },
  { mark: ".", whole: /^[1-9]\d{0,2}(\.\d{3})+(,\d+)?$/ },
];

function marksOf(locale: string): { group: string | undefined; decimal: string } {
  const parts = new Intl.NumberFormat(locale).formatToParts(1234567.5);
  const find = (type: string): string | undefined => parts.find((each) => each.type === type)?.value;
  return { group: find("group"), decimal: find("decimal") ?? "." };
}

/** The locale that the page's numbers are written in. */
function ofPage(): string {
  return localeFor(document.documentElement.lang || "en");
}

/**
 * Return what was typed or pasted as a decimal text; null if it is no number.
 *
 * A comma or a point parts the fraction, but where only thousands can be meant (1,234.50 and 1.234,50), and where the
 * page writes thousands so itself: 1,234 is more than a thousand in English, 1.234 in Portuguese.
 */
export function readAmount(typed: string, decimals = 2, locale = ofPage()): string | null {
  const bare = typed.replace(BETWEEN, "");
  const grouped = GROUPED.find(({ whole }) => whole.test(bare));
  const isSure = bare.match(/[.,]/g)?.length !== 1;
  const isGrouped = grouped !== undefined && (isSure || grouped.mark === marksOf(locale).group);
  const plainly = (isGrouped ? bare.replaceAll(grouped.mark, "") : bare).replace(",", ".");
  return new RegExp(`^\\d{1,9}(\\.\\d{1,${decimals}})?$`).test(plainly) ? plainly : null;
}

/** Return a decimal text as the reader would type it, for a field to begin with: `readAmount` reads it back. */
export function writeAmount(amount: string, locale = ofPage()): string {
  return plain(amount).replace(".", marksOf(locale).decimal);
}
