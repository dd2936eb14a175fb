import type { RouteObject } from "react-router";
import { page, staffTexts, type Way } from "@ui";
import * as estates from "../../features/staff/estates/routes";
import * as imports from "../../features/staff/imports/routes";
import * as people from "../../features/staff/people/routes";
import * as tenancies from "../../features/staff/tenancies/routes";
import * as units from "../../features/staff/units/routes";

/** Features of staff, in the order of the menu. */
const FEATURES: { routes: RouteObject[]; ways: Way[] }[] = [estates, units, people, tenancies, imports];

export const ways = FEATURES.flatMap((each) => each.ways);

/** The frame of staff's pages, with its texts. */
async function frame(): Promise<{ Component: (typeof import("./StaffShell"))["StaffShell"] }> {
  const [{ StaffShell }] = await Promise.all([import("./StaffShell"), staffTexts()]);
  return { Component: StaffShell };
}

const account: RouteObject[] = [
  { path: "account", ...page(() => import("../../features/profile/AccountPage")) },
  { path: "account/security", ...page(() => import("../../features/profile/SecurityPage")) },
];

/** /estates, /estates/:estateId/…, and what is the reader's own where they have no home: /account */
export const staff: RouteObject = {
  lazy: frame,
  children: [
    { path: "estates", children: [estates.portfolio] },
    { path: "estates/:estateId", children: FEATURES.flatMap((each) => each.routes) },
    ...account,
  ],
};
