import { isNegative } from "@ui";
import { unsigned, type Say, type Told } from "./say";
import { causeOf } from "./words";

const TIMED = ["netting", "surplus", "demand", "minimum", "fixed"] as const;
const MOVED = [
  ...(["top_up", "clearing", "transfer", "adjustment", "purchase", "pay_out", "distribution", "cover", "promotion", "promotion_expiry"] as const),
  ...(["emergency", "repayment", "debt", "handover", "recovery", "reversal"] as const),
];

/** What happened and what it came to, in a few short sentences. */
export function leadOf(told: Told, say: Say): string[] {
  switch (told.subject) {
    case "reading":
    case "readings":
      return [...used(told, say), ...sum(told, say)];
    case "correction":
      return correction(told, say);
    case "standing_charge":
      return [...timed(told, say), ...sum(told, say)];
    case "sharing":
      return [...shared(told, say), ...why(told, say), ...moved(told, say)];
    case "solar_credit":
      return [...(told.from === null ? [] : [say.t("solar.month", { month: say.exact.month(told.from) })]), ...why(told, say), ...moved(told, say)];
    default:
      return [...kind(told, say), ...moved(told, say)];
  }
}

function used(told: Told, { t, exact, ...say }: Say): string[] {
  if (told.total === null || told.from === null || told.to === null) return [t("reading", { when: exact.moment(told.event_at) })];
  const { amount, unit } = told.total.quantity;
  const seen = { when: exact.span(told.from, told.to), quantity: exact.quantity(amount, unit) };
  const first =
    told.register === "export" ? t("fedIn", seen) : told.register === null || told.register === "import" ? t("used", seen) : t("counted", { ...seen, register: told.register });
  if (told.subject === "reading") return [first];
  const again = told.causes.length === 0 ? [] : [t("againPart"), ...why(told, { t, exact, ...say })];
  return [first, t("readings", { count: told.readings }), ...again];
}

/** What it came to: what is taken cost something, what is given was earned. */
function sum({ amount }: Told, { t, exact }: Say): string[] {
  return [t(isNegative(amount.amount) || !/[1-9]/.test(amount.amount) ? "cost" : "brought", { amount: exact.money(unsigned(amount.amount)) })];
}

function moved({ amount }: Told, { t, exact }: Say): string[] {
  return [t(isNegative(amount.amount) ? "taken" : "added", { amount: exact.money(unsigned(amount.amount)) })];
}

function why(told: Told, say: Say): string[] {
  return told.causes.map((each) => causeOf(each, say));
}

function correction(told: Told, say: Say): string[] {
  const { t, exact } = say;
  if (told.old === null || told.new === null) return [t("corrects"), ...moved(told, say)];
  const first = told.from === null ? t("againTimed") : t("again", { when: exact.moment(told.from) });
  return [first, ...why(told, say), t("became", { old: exact.money(told.old.gross.amount), new: exact.money(told.new.gross.amount) }), ...moved(told, say)];
}

function timed(told: Told, { t }: Say): string[] {
  const found = TIMED.find((kind) => told.lines.some((each) => each.kind === kind));
  return found === undefined ? [] : [t(`timed.${found}`)];
}

function shared(told: Told, { t, exact }: Say): string[] {
  const roof = told.parts.find((each) => !each.is_taken_back && (each.what === "grid_saved" || each.what === "roof"));
  return [
    ...(told.group === null || told.from === null || told.to === null
      ? []
      : [t("shared.month", { group: told.group, month: exact.month(told.from), until: exact.day(told.to) })]),
    ...(told.used === null ? [] : [t("shared.used", { quantity: exact.quantity(told.used.amount, told.used.unit) })]),
    ...(roof === undefined ? [] : [t("shared.fromRoof", { quantity: exact.quantity(roof.quantity.amount, roof.quantity.unit) })]),
  ];
}

function kind(told: Told, { t, ...say }: Say): string[] {
  const found = MOVED.find((each) => each === told.kind);
  return [found === undefined ? `${say.kind(told.kind)}.` : t(`moved.${found}`)];
}
