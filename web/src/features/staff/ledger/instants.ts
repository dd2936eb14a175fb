/**
 * The instant at which a local day begins in a zone, as ISO 8601; null where the date is none.
 *
 * Where summer time skips midnight, the first instant of the day.
 */
export function startOf(date: string, timeZone: string): string | null {
  const utc = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(utc)) return null;
  // what a clock of the zone shows at an instant is how far it is from UTC; asked twice, for days on which it changes
  const offset = (at: number): number => {
    const parts = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at);
    const of = (type: string): number => Number(parts.find((each) => each.type === type)!.value);
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - at;
  };
  const guess = utc - offset(utc);
  const found = utc - offset(guess);
  return new Date(found + offset(found) < utc ? guess : found).toISOString();
}
