import { IconPlug } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "supply", ...page(() => import("./SuppliesPage")) },
  { path: "supply/commands", ...page(() => import("./CommandsPage")) },
  { path: "supply/rules", ...page(() => import("./RulesPage")) },
  { path: "supply/:unitId/:utility", ...page(() => import("./SupplyPage")) },
  { path: "flexibility", ...page(() => import("./EventsPage")) },
  { path: "flexibility/:eventId", ...page(() => import("./EventPage")) },
];

export const ways: Way[] = [{ to: "supply", also: ["flexibility"], word: "supply", icon: IconPlug, needs: "supply.read" }];
