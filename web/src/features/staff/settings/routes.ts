import { IconBell, IconSettings } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "alerts", ...page(() => import("./AlertsPage")) },
  { path: "settings", ...page(() => import("./SettingsPage")) },
];

export const ways: Way[] = [
  { to: "alerts", word: "alerts", icon: IconBell, needs: "alerts.read" },
  { to: "settings", word: "settings", icon: IconSettings, needs: "estates.write" },
];
