import { problemOf, type Schemas } from "@api";

export type Setting = Schemas["SettingOut"];
/** Names and values as they are typed. */
export type Rows = [name: string, value: string][];

/** What is wrong with a value that was typed; null where nothing is known to be. */
export function wrongOf(setting: Setting | undefined, typed: string): "json" | "whole" | null {
  if (typed === "" || setting === undefined) return null;
  if (setting.kind === "json") return isJson(typed) ? null : "json";
  if (setting.kind !== "whole") return null;
  const { least, most } = setting;
  const value = /^-?\d{1,15}$/.test(typed) ? Number(typed) : null;
  return value === null || (least !== null && value < least) || (most !== null && value > most) ? "whole" : null;
}

/** Settings as rows: a word stands as it is, anything else as JSON; a text that reads as JSON where that matters is quoted. */
export function rowsOf(settings: Record<string, unknown>, takes: readonly Setting[]): Rows {
  return Object.entries(settings).map(([name, value]) => {
    const isPlain = typeof value === "string" && (isText(takes, name) || !isJson(value));
    return [name, isPlain ? value : JSON.stringify(value)];
  });
}

/** Rows as settings, each of its kind; an empty one is none. */
export function settingsOf(rows: Rows, takes: readonly Setting[]): Record<string, unknown> {
  const said = rows.filter(([name, value]) => name.trim() !== "" && value.trim() !== "");
  return Object.fromEntries(said.map(([name, value]) => [name.trim(), !isText(takes, name.trim()) && isJson(value) ? (JSON.parse(value) as unknown) : value.trim()]));
}

/** What the API refused, by the setting that it names; what names none of them is not told here. */
export function refusedOf(error: unknown, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  if (error === null || error === undefined) return found;
  for (const { path, message } of problemOf(error).problems ?? []) {
    if (path === undefined || message === undefined || !/^(body\.)?settings\b/.test(path)) continue;
    const name = names.find((each) => path.endsWith(`settings.${each}`)) ?? namedIn(message, names);
    if (name !== undefined && !found.has(name)) found.set(name, message);
  }
  return found;
}

/** Drivers begin with the setting, plain or quoted: "unit must be …", "the setting clock is …", "setting 'relay' …". */
function namedIn(message: string, names: readonly string[]): string | undefined {
  const first = /^(?:there is no |unknown )?(?:the )?(?:setting )?['"]?([a-z][a-z0-9_]*)/.exec(message)?.[1];
  return names.find((each) => each === first);
}

function isText(takes: readonly Setting[], name: string): boolean {
  const kind = takes.find((each) => each.name === name)?.kind;
  return kind === "text" || kind === "amount";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
