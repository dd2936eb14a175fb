import { IconReceipt2 } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "rates", ...page(() => import("./RatesPage")) },
  { path: "rates/new", ...page(() => import("./EditorPage")) },
  { path: "rates/import", ...page(() => import("./ImportPage")) },
  { path: "rates/:rateTableId", ...page(() => import("./RateTablePage")) },
  { path: "rates/:rateTableId/compare", ...page(() => import("./ComparePage")) },
];

export const ways: Way[] = [{ to: "rates", word: "rates", icon: IconReceipt2, needs: "rates.read" }];
