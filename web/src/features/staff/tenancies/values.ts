import { readAmount } from "@ui";

const PLACES = 6;

/** What was typed for each meter, by its serial number. */
export type Typed = Record<string, string>;

export interface Value {
  meter: string;
  value: string;
}

/** Return the values that were typed, in the order of the meters; null where one of them is no number. */
export function valuesOf(meters: { serial: string }[], typed: Typed): Value[] | null {
  const values: Value[] = [];
  for (const { serial } of meters) {
    const text = typed[serial]?.trim() ?? "";
    if (text === "") continue;
    const value = readAmount(text, PLACES);
    if (value === null) return null;
    values.push({ meter: serial, value });
  }
  return values;
}
