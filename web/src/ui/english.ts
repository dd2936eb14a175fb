import alerts from "../locales/en/alerts.json";
import common from "../locales/en/common.json";
import home from "../locales/en/home.json";
import household from "../locales/en/household.json";
import meters from "../locales/en/meters.json";
import problems from "../locales/en/problems.json";
import profile from "../locales/en/profile.json";
import session from "../locales/en/session.json";
import topup from "../locales/en/topup.json";
import usage from "../locales/en/usage.json";
import wallet from "../locales/en/wallet.json";

/** English is the source: every other catalogue has its keys. */
export const ENGLISH = { alerts, common, home, household, meters, problems, profile, session, topup, usage, wallet };
