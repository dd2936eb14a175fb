import type { Schemas } from "./client";

/** What somebody may choose to hear of for a home, in the order in which it is shown. */
export const HEARD_KINDS = [
  "low_balance",
  "balance_out",
  "balance_back",
  "spend_warning",
  "spend_reached",
  "cut_deferred",
  "top_up_wanted",
  "rate_change",
  "reading_due",
] as const satisfies Schemas["GrantOut"]["hears"];
