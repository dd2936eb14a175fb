const KEPT = "mita.clock";
/** The header has whole seconds, and the answer took its time: rather a moment early than in the future. */
const MARGIN_MS = 1000;

let offsetMs = Number(localStorage.getItem(KEPT) ?? 0);

/** Note what time it is for the server; a phone's own clock may be minutes off. */
export function noteServerTime(answer: Response): void {
  const said = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(said)) return;
  const found = said - Date.now();
  if (Math.abs(found - offsetMs) > MARGIN_MS) localStorage.setItem(KEPT, String(found));
  offsetMs = found;
}

/** The server's time as far as this device knows it, without a connection too; never ahead of it. */
export function serverNow(): Date {
  return new Date(Date.now() + offsetMs - MARGIN_MS);
}
