import { IconBook2 } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "ledger", ...page(() => import("./AccountsPage")) },
  { path: "ledger/accounts/:accountId", ...page(() => import("./AccountPage")) },
  { path: "ledger/journals", ...page(() => import("./JournalsPage")) },
  { path: "ledger/journals/:journalId", ...page(() => import("./JournalPage")) },
  { path: "ledger/trial-balance", ...page(() => import("./TrialBalancePage")) },
  { path: "ledger/months", ...page(() => import("./MonthsPage")) },
  { path: "ledger/clearing", ...page(() => import("./ClearingPage")) },
  { path: "ledger/adjustments", ...page(() => import("./AdjustmentsPage")) },
];

export const ways: Way[] = [{ to: "ledger", word: "ledger", icon: IconBook2, needs: "ledger.read" }];
