import "i18next";
import type charts from "../locales/en/charts.json";
import type explained from "../locales/en/explained.json";
import type STAFF from "../locales/en/staff";
import type { ENGLISH } from "./english";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: typeof ENGLISH & typeof STAFF & { charts: typeof charts; explained: typeof explained };
  }
}
