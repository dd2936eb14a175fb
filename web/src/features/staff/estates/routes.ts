import { IconBuildingEstate } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

/** The page over all estates. */
export const portfolio: RouteObject = { index: true, ...page(() => import("./EstatesPage")) };

export const routes: RouteObject[] = [{ index: true, ...page(() => import("./OverviewPage")) }];

export const ways: Way[] = [{ to: "", word: "overview", icon: IconBuildingEstate, needs: "estates.read" }];
