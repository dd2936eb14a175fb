import { problemOf } from "@api";
import { sentence } from "../reason";

/** What the API found wrong with a field, by the beginning of its path such as `body.readings.0`; null where nothing. */
export function faultAt(error: unknown, path: string): string | null {
  if (error === null || error === undefined) return null;
  const found = problemOf(error).problems?.find((each) => each.path === path || each.path?.startsWith(`${path}.`));
  return found?.message === undefined ? null : sentence(found.message);
}
