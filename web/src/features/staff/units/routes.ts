import { IconDoor } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "units", ...page(() => import("./UnitsPage")) },
  { path: "units/:unitId", ...page(() => import("./UnitPage")) },
];

export const ways: Way[] = [{ to: "units", word: "units", icon: IconDoor, needs: "units.read" }];
