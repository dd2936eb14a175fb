import type { Problem } from "./problem";

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The tag to change a thing by, read just now, if it still is what was shown; else what the API says to a stale one.
 *
 * For things whose answers change by themselves, such as when they were last used: the tag of what was shown would be
 * old without anybody having changed anything.
 */
export async function tagIfAsShown<T>(read: () => Promise<Answer<T>>, isAsShown: (now: T) => boolean): Promise<{ "If-Match": string }> {
  const { data, error, response } = await read();
  if (data === undefined) throw error;
  const tag = response.headers.get("etag");
  if (tag === null || !isAsShown(data)) {
    const stale: Problem = { status: 412, code: "precondition_failed", title: "Somebody has changed it", detail: "" };
    throw stale;
  }
  return { "If-Match": tag };
}
