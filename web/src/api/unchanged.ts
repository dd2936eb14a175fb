import { problemOf, type Problem } from "./problem";

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

/**
 * The condition under which a thing is changed or ended: that it still is what was shown; null was not there, and has no tag.
 *
 * `said` is what people say of it. What changes by itself, such as what was spent or when something was used, is left out.
 */
export async function asShown<T>(read: () => Promise<Answer<T>>, shown: T | null, said: (each: T) => unknown = (each) => each): Promise<{ "If-Match"?: string }> {
  if (shown === null) return {};
  return tagIfAsShown(read, (now) => JSON.stringify(said(now)) === JSON.stringify(said(shown)));
}

/** What a form begins anew with where somebody else was faster: what they wrote is shown in the place of what was typed. */
export function beganWith(error: unknown, shown: unknown): string {
  return error !== null && problemOf(error).status === 412 ? JSON.stringify(shown) : "";
}

/** What a change answered. */
export function carriedOut<T>({ data, error }: Answer<T>): T {
  if (data === undefined) throw error;
  return data;
}
