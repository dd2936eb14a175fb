import { IconListSearch } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [{ path: "audit", ...page(() => import("./AuditPage")) }];

export const ways: Way[] = [{ to: "audit", word: "audit", icon: IconListSearch, needs: "audit.read" }];
