/** An error as the API tells it (RFC 9457), or what kept the API from answering. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  /** What to tell support: the name of the request in the server's logs. */
  reference?: string;
  problems?: { path?: string; message?: string }[];
}

export const OFFLINE: Problem = { status: 0, code: "offline", title: "", detail: "" };

/** What browsers say of a request, or of a page's file, that did not come: Chromium, Firefox, Safari. */
const NOT_FETCHED = /fetch|NetworkError|Load failed|importing a module|network connection/i;

/** Return whatever was thrown as a problem. */
export function problemOf(error: unknown): Problem {
  if (typeof error === "object" && error !== null && "code" in error && "status" in error) {
    return error as Problem;
  }
  if (error instanceof TypeError && NOT_FETCHED.test(error.message)) return OFFLINE;
  return { status: 500, code: "unexpected", title: "", detail: error instanceof Error ? error.message : String(error) };
}
