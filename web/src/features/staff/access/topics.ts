import type { Schemas } from "@api";

const WORDS: Record<Schemas["Topic"], true> = {
  "wallet.topup": true,
  "wallet.low_balance": true,
  "wallet.empty": true,
  "wallet.restored": true,
  "meter.reading": true,
  "reading.held": true,
  "meter.offline": true,
  "meter.online": true,
  "meter.issue": true,
  "meter.installed": true,
  "meter.swapped": true,
  "tenant.onboarded": true,
  "tenant.offboarded": true,
  "supply.changed": true,
  "supply.limited": true,
  "flexibility.started": true,
  "flexibility.ended": true,
  "rate.assigned": true,
  "period.closed": true,
  "import.finished": true,
};

/** What endpoints may be told of; the compiler says when the API knows another one. */
export const TOPICS = Object.keys(WORDS) as Schemas["Topic"][];
