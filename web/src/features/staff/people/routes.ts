import { IconUsers } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "people", ...page(() => import("./PeoplePage")) },
  { path: "people/:personId", ...page(() => import("./PersonPage")) },
];

export const ways: Way[] = [{ to: "people", word: "people", icon: IconUsers, needs: "people.read" }];
