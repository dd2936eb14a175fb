import { IconKey, IconUsersGroup, IconWebhook } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "roles", ...page(() => import("./RolesPage")) },
  { path: "api-keys", ...page(() => import("./KeysPage")) },
  { path: "webhooks", ...page(() => import("./WebhooksPage")) },
  { path: "webhooks/:endpointId", ...page(() => import("./WebhookPage")) },
];

export const ways: Way[] = [
  { to: "roles", word: "roles", icon: IconUsersGroup, needs: "roles.grant" },
  { to: "api-keys", word: "apiKeys", icon: IconKey, needs: "keys.manage" },
  { to: "webhooks", word: "webhooks", icon: IconWebhook, needs: "webhooks.manage" },
];
