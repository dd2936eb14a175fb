import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { BASE_PATH } from "./base";
import { Broken } from "./Broken";
import { HomesShell } from "./HomesShell";
import { FirstPlace, PlaceShell, WalletPlace } from "./PlaceShell";
import { SignedIn } from "./SignedIn";
import { fetched, page } from "@ui";

/** The pages of a home: /e/:estateId/u/:unitId/… */
const home: RouteObject[] = [
  { index: true, ...page(() => import("../features/home/HomePage")) },
  { path: "usage", ...page(() => import("../features/usage/UsagePage")) },
  { path: "wallet", ...page(() => import("../features/wallet/WalletPage")) },
  { path: "wallet/:utility/:seq", ...page(() => import("../features/wallet/EntryPage")) },
  { path: "top-up", ...page(() => import("../features/topup/TopUpPage")) },
  { path: "meters", ...page(() => import("../features/meters/MetersPage")) },
  { path: "meters/:meterId/reading", ...page(() => import("../features/meters/ReadingPage")) },
  { path: "meters/:meterId/token", ...page(() => import("../features/meters/TokenPage")) },
  { path: "alerts", ...page(() => import("../features/alerts/AlertsPage")) },
  { path: "outbox", ...page(() => import("../features/outbox/OutboxPage")) },
  { path: "household", ...page(() => import("../features/household/HouseholdPage")) },
  { path: "profile", ...page(() => import("../features/profile/ProfilePage")) },
  { path: "security", ...page(() => import("../features/profile/SecurityPage")) },
];

/** The pages of whoever has several homes: /homes/… */
const homes: RouteObject[] = [
  { index: true, ...page(() => import("../features/family/HomesPage")) },
  { path: "money", ...page(() => import("../features/family/MoneyPage")) },
  { path: "money/:estateId/:groupId", ...page(() => import("../features/family/GroupPage")) },
  { path: "limits", ...page(() => import("../features/family/LimitsPage")) },
  { path: "alerts", ...page(() => import("../features/family/HearersPage")) },
];

const SIGNED_IN = "signed-in";
let hasStaff = false;

/** Pages of staff are made known when somebody goes there first: who lives somewhere need not even know their paths. */
async function findStaff({ path, patch }: { path: string; patch: (routeId: string | null, children: RouteObject[]) => void }): Promise<void> {
  if (hasStaff || !/\/(estates|account)(\/|$)/.test(path)) return;
  const { staff } = await fetched(() => import("./staff/routes"));
  hasStaff = true;
  patch(SIGNED_IN, [{ errorElement: <Broken />, children: [staff] }]);
}

export const router = createBrowserRouter(
  [
    { path: "/sign-in", ...page(() => import("../features/session/SignInPage")), errorElement: <Broken /> },
    {
      id: SIGNED_IN,
      element: <SignedIn />,
      errorElement: <Broken />,
      children: [
        { index: true, element: <FirstPlace /> },
        { path: "homes", element: <HomesShell />, children: [{ errorElement: <Broken />, children: homes }] },
        { path: "e/:estateId/wallet/:walletId", element: <WalletPlace /> },
        { path: "e/:estateId/u/:unitId", element: <PlaceShell />, children: [{ errorElement: <Broken />, children: home }] },
      ],
    },
    { path: "*", element: <Navigate to="/" replace /> },
  ],
  { basename: BASE_PATH, patchRoutesOnNavigation: findStaff },
);
