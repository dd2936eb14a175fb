import { IconScale } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "readings", ...page(() => import("./HeldPage")) },
  { path: "readings/set-aside", ...page(() => import("./AsidePage")) },
  { path: "readings/rejected", ...page(() => import("./RejectedPage")) },
];

export const ways: Way[] = [{ to: "readings", word: "readings", icon: IconScale, needs: "readings.read" }];
