/** Pages of things that the audit log names, by the table of the row or the first word of the subject. */
const PAGES: Record<string, string> = {
  unit: "units",
  meter: "meters",
  device: "devices",
  person: "people",
  estate_person: "people",
  rate_table: "rates",
  journal: "ledger/journals",
  account: "ledger/accounts",
};

/**
 * Return where a row is looked at, below its estate; null where it has no page.
 *
 * A row is named by its key without the estate, such as `7`; a subject is such as `unit:7`.
 */
export function pageOf(subject: string, id: string): string | null {
  const page = PAGES[subject];
  return page === undefined || !/^[\w-]+$/.test(id) ? null : `${page}/${id}`;
}

/** A value of a field in words that are not ambiguous: texts in quotes would hide what is text and what is not. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** An operation's name as words: `create_estate` is "Create estate". */
export function words(action: string): string {
  const plain = action.replaceAll("_", " ");
  return plain.charAt(0).toLocaleUpperCase() + plain.slice(1);
}
