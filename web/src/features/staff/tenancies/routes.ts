import { IconDoorEnter } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "tenancies", ...page(() => import("./HandoversPage")) },
  { path: "tenancies/in", ...page(() => import("./MoveInPage")) },
  { path: "tenancies/out", ...page(() => import("./MoveOutPage")) },
];

export const ways: Way[] = [{ to: "tenancies", word: "tenancies", icon: IconDoorEnter, needs: "people.read" }];
