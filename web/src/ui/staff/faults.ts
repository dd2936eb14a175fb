import { problemOf } from "@api";
import { sentence } from "../reason";

/** What the API found wrong with a field, by the beginning of its path such as `body.readings.0`; null where nothing. */
export function faultAt(error: unknown, path: string): string | null {
  if (error === null || error === undefined) return null;
  const found = problemOf(error).problems?.find((each) => each.path === path || each.path?.startsWith(`${path}.`));
  return found?.message === undefined ? null : sentence(found.message);
}

/** What went wrong, unless all of it stands at fields of these names already. */
export function unplaced(error: unknown, fields: readonly string[]): unknown {
  const problems = error === null || error === undefined ? [] : (problemOf(error).problems ?? []);
  const isAtField = ({ path }: { path?: string }): boolean => fields.some((name) => path === `body.${name}` || path?.startsWith(`body.${name}.`) === true);
  return problems.length > 0 && problems.every(isAtField) ? null : error;
}
