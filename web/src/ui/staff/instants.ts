/** What a clock of the zone shows at an instant, as if it were UTC, is how far it is from UTC. */
function offset(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((each) => each.type === type)!.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - at;
}

/**
 * The instant at which clocks of a zone show a local time such as 2026-11-22T21:05, as ISO 8601; null where it is none.
 *
 * A time that summer time skips is the first instant after it; of one that comes twice it is the first.
 */
export function instantOf(local: string, timeZone: string): string | null {
  const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(local) ? Date.parse(`${local}Z`) : Number.NaN;
  // a browser takes the 31st of February for the 3rd of March
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(local)) return null;
  // the offsets of a day before and after are all that there can be around it
  const day = 86_400_000;
  const found = [offset(utc - day, timeZone), offset(utc + day, timeZone)].map((each) => utc - each).filter((at) => at + offset(at, timeZone) === utc);
  return new Date(found.length > 0 ? Math.min(...found) : firstAfter(utc, timeZone)).toISOString();
}

/** The instant at which a skipped hour is over: the clock jumps there. */
function firstAfter(utc: number, timeZone: string): number {
  let low = utc - offset(utc + 86_400_000, timeZone) - 1;
  let high = utc - offset(utc - 86_400_000, timeZone);
  // before the jump clocks show less than the local time, after it more
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offset(middle, timeZone) > utc) high = middle;
    else low = middle;
  }
  return high;
}

/** The instant at which a local day begins in a zone, as ISO 8601; null where the date is none. */
export function startOf(date: string, timeZone: string): string | null {
  return instantOf(`${date}T00:00`, timeZone);
}

/** What clocks of a zone show at an instant, as a field for dates and times takes it; with seconds where there are any. */
export function localOf(at: string | number | Date, timeZone: string): string {
  const instant = new Date(at).getTime();
  return new Date(instant + offset(instant, timeZone)).toISOString().slice(0, 19).replace(/:00$/, "");
}
