import type { RouteObject } from "react-router";
import { page, staffTexts, type Way } from "@ui";
import * as access from "../../features/staff/access/routes";
import * as audit from "../../features/staff/audit/routes";
import * as estates from "../../features/staff/estates/routes";
import * as imports from "../../features/staff/imports/routes";
import * as ledger from "../../features/staff/ledger/routes";
import * as meters from "../../features/staff/meters/routes";
import * as people from "../../features/staff/people/routes";
import * as proofs from "../../features/staff/proofs/routes";
import * as rates from "../../features/staff/rates/routes";
import * as readings from "../../features/staff/readings/routes";
import * as settings from "../../features/staff/settings/routes";
import * as supply from "../../features/staff/supply/routes";
import * as tenancies from "../../features/staff/tenancies/routes";
import * as units from "../../features/staff/units/routes";

/** Features of staff, in the order of the menu. */
const FEATURES: { routes: RouteObject[]; ways: Way[] }[] = [estates, units, people, tenancies, meters, readings, supply, rates, ledger, proofs, imports, access, settings, audit];

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
