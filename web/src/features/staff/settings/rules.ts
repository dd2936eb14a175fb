import type { Permission } from "@api";
import { plain } from "@ui";

/** A field of a rule: how it is shown, and how its value is written. */
export type Field =
  | { name: string; kind: "switch" | "money" | "words" }
  /** A percentage; an empty one is `null`. */
  | { name: string; kind: "percent" }
  /** A whole number; an empty one is `null` where it is optional. */
  | { name: string; kind: "number"; isOptional?: boolean }
  | { name: string; kind: "choice"; options: readonly string[] };

export interface Rule {
  /** Its path below the estate, which is its name in the texts as well. */
  path: RulePath;
  needs: Permission;
  fields: Field[];
  /** Where in the answer the values stand, if not at its top. */
  at?: string;
  /** Parts that are sent back as they came. */
  keep?: string[];
}

export const PATHS = ["charging-rule", "rate-rule", "reading-window", "silence-rule", "loss-rule", "issue-rule", "emergency-rule", "allocation-rule"] as const;
export type RulePath = (typeof PATHS)[number];

export const RULES: Rule[] = [
  { path: "charging-rule", needs: "estates.write", fields: [{ name: "cadence", kind: "choice", options: ["each", "hourly", "daily"] }] },
  { path: "rate-rule", needs: "rates.write", keep: ["benchmarks"], fields: [{ name: "notice_days", kind: "number", isOptional: true }] },
  {
    path: "reading-window",
    needs: "estates.write",
    at: "rule",
    fields: [
      { name: "from_day", kind: "number" },
      { name: "to_day", kind: "number" },
      { name: "least_right", kind: "choice", options: ["none", "view", "top_up", "manage"] },
      { name: "needs_photo", kind: "switch" },
      { name: "late_days", kind: "number" },
    ],
  },
  { path: "silence-rule", needs: "estates.write", fields: [{ name: "silent_hours", kind: "number", isOptional: true }] },
  { path: "loss-rule", needs: "estates.write", fields: [{ name: "limit_percent", kind: "percent" }] },
  {
    path: "issue-rule",
    needs: "estates.write",
    fields: [
      { name: "kinds", kind: "words" },
      { name: "frozen_days", kind: "number", isOptional: true },
    ],
  },
  {
    path: "emergency-rule",
    needs: "estates.write",
    fields: [
      { name: "is_on", kind: "switch" },
      { name: "amount", kind: "money" },
      { name: "who", kind: "choice", options: ["staff", "manage", "top_up"] },
    ],
  },
  {
    path: "allocation-rule",
    needs: "estates.write",
    keep: ["shares"],
    fields: [
      { name: "kind", kind: "choice", options: ["general", "percentages", "arrears_first"] },
      { name: "residents_may_choose", kind: "switch" },
      { name: "cover", kind: "money" },
    ],
  },
];

export type Values = Record<string, unknown>;

/** Return what the fields show of an answer: texts, and whether switches are on. */
export function shownOf(rule: Rule, answer: Values): Values {
  const found = (rule.at === undefined ? answer : (answer[rule.at] ?? {})) as Values;
  return Object.fromEntries(rule.fields.map((field) => [field.name, shown(field, found[field.name])]));
}

function shown(field: Field, value: unknown): unknown {
  if (field.kind === "switch") return value === true;
  if (value === null || value === undefined) return field.kind === "choice" ? field.options[0] : "";
  if (field.kind === "money") return plain((value as { amount: string }).amount);
  if (field.kind === "percent") return plain(String(value));
  if (field.kind === "words") return (value as string[]).join(" ");
  return String(value);
}

/** Return the body that says what the fields show. Numbers that are none go as they were typed: the API says what is wrong. */
export function bodyOf(rule: Rule, values: Values, answer: Values): Values {
  const kept = Object.fromEntries((rule.keep ?? []).map((name) => [name, answer[name]]));
  return { ...kept, ...Object.fromEntries(rule.fields.map((field) => [field.name, written(field, values[field.name])])) };
}

function written(field: Field, value: unknown): unknown {
  if (field.kind === "switch" || field.kind === "choice") return value;
  const text = String(value).trim();
  if (field.kind === "words") return text === "" ? [] : text.split(/[\s,]+/);
  if (field.kind === "money") return text;
  if (text === "") return null;
  return field.kind === "number" && /^\d{1,9}$/.test(text) ? Number(text) : text;
}
