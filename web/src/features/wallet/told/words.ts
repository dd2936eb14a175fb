import type { Schemas } from "@api";
import type { Say, Told } from "./say";

const ROLES = ["network", "levy"] as const;
const WAYS = ["cash", "eft", "gateway", "sandbox"] as const;
/** Accounts whose name says nothing of whom or for what. */
const ALONE = ["tax", "transfers", "bank", "suspense", "occupancy", "vacancy", "promotion", "adjustments"] as const;
const OF_SOMEBODY = ["group", "emergency", "debt", "payable"] as const;
/** What people wrote; of the others the note is Mita's own, and says what the kind says. */
const WITH_NOTES = ["top_up", "transfer", "adjustment", "purchase", "pay_out", "promotion", "reversal"];

function known<T extends string>(words: readonly T[], word: string | null): T | undefined {
  return words.find((each) => each === word);
}

/** Name an account in the reader's language; as the API names it where it says no more. */
export function accountOf(account: Schemas["AccountWordsOut"], { t, utility }: Say): string {
  const alone = known(ALONE, account.what);
  if (alone !== undefined) return t(`account.${alone}`);
  const somebodys = known(OF_SOMEBODY, account.what);
  if (somebodys !== undefined && account.whose !== null) return t(`account.${somebodys}`, { whose: account.whose });
  if (account.what === "wallet" && account.whose !== null && account.utility !== null)
    return t("account.wallet", { whose: account.whose, utility: utility(account.utility) });
  if (account.what === "income" && account.utility !== null) {
    const role = known(ROLES, account.role);
    const income = t("account.income", { utility: utility(account.utility) });
    return account.role === null ? income : `${income}, ${role === undefined ? account.role : t(`role.${role}`)}`;
  }
  if (account.what === "clearing" && account.way !== null) {
    const way = known(WAYS, account.way);
    return t("account.clearing", { way: way === undefined ? account.way : t(`way.${way}`) });
  }
  return account.name;
}

/** Say who moved money. */
export function moverOf(mover: Schemas["MoverOut"], { t }: Say): string {
  const name = mover.name ?? t(`mover.${mover.kind === "person" ? "somebody" : mover.kind}`);
  return mover.is_support ? t("mover.support", { name }) : name;
}

/** Say why a past was charged again. */
export function causeOf(cause: Schemas["CauseOut"], { t, exact }: Say): string {
  if (cause.code === "other") return t("cause.other", { text: cause.text });
  if (cause.code !== "rate_table") return t(`cause.${cause.code}`);
  const told = { from: cause.from_on === null ? "" : exact.date(cause.from_on), number: cause.rate_table_id };
  return cause.until_on === null ? t("cause.rate_table", told) : t("cause.rate_table_until", { ...told, until: exact.date(cause.until_on) });
}

/** What a person noted, without what Mita wrote before it. */
export function noteOf({ kind, memo }: Pick<Told, "kind" | "memo">): string {
  if (!WITH_NOTES.includes(kind)) return "";
  return (kind === "top_up" ? memo.replace(/^[a-z_]+:\s*/, "") : kind === "reversal" ? memo.replace(/^reversal of entry \d+:\s*/, "") : memo).trim();
}
