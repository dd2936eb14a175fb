import { localeFor } from "../format";

/** What charts are drawn in: the theme's colours as they stand on the page now, for a canvas knows no variables. */
export interface Look {
  ink: string;
  quiet: string;
  line: string;
  card: string;
  good: string;
  low: string;
  out: string;
  /** Colours that stand for things, told apart by anyone: see `palette.test.ts`. */
  series: string[];
  /** From little to much. */
  scale: string[];
  isStill: boolean;
  isRightToLeft: boolean;
  /** Numbers beside an axis: short, in the reader's way. */
  number: (value: number) => string;
}

export const SERIES = 6;
export const SHADES = 5;

/** The place of a utility among the colours: the same on every page. */
const UTILITIES: Record<string, number> = { electricity: 0, water: 1, solar: 2, gas: 3, hot_water: 4, general: 5 };

/** Return the place among the colours of what a chart shows: a utility's own, else its turn. */
export function colourOf(key: string, turn: number): number {
  return UTILITIES[key] ?? turn % SERIES;
}

export function lookOf(root: HTMLElement = document.documentElement): Look {
  const styles = getComputedStyle(root);
  const read = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
  const many = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => read(`${name}-${at + 1}`));
  return {
    ink: read("ink"),
    quiet: read("quiet"),
    line: read("line"),
    card: read("card"),
    good: read("good"),
    low: read("low"),
    out: read("out"),
    series: many("chart", SERIES),
    scale: many("heat", SHADES),
    isStill: window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    isRightToLeft: root.dir === "rtl",
    number: new Intl.NumberFormat(localeFor(root.lang || "en"), { notation: "compact", maximumFractionDigits: 1 }).format,
  };
}
