import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { BASE_PATH } from "./base";
import { Broken } from "./Broken";
import { FirstPlace, PlaceShell, WalletPlace } from "./PlaceShell";
import { SignedIn } from "./SignedIn";
import { page } from "@ui";
import { staff } from "./staff/routes";

/** The pages of a home: /e/:estateId/u/:unitId/… */
const home: RouteObject[] = [
  { index: true, ...page(() => import("../features/home/HomePage")) },
  { path: "usage", ...page(() => import("../features/usage/UsagePage")) },
  { path: "wallet", ...page(() => import("../features/wallet/WalletPage")) },
  { path: "wallet/:utility/:seq", ...page(() => import("../features/wallet/EntryPage")) },
  { path: "top-up", ...page(() => import("../features/topup/TopUpPage")) },
  { path: "meters", ...page(() => import("../features/meters/MetersPage")) },
  { path: "meters/:meterId/reading", ...page(() => import("../features/meters/ReadingPage")) },
  { path: "alerts", ...page(() => import("../features/alerts/AlertsPage")) },
  { path: "outbox", ...page(() => import("../features/outbox/OutboxPage")) },
  { path: "household", ...page(() => import("../features/household/HouseholdPage")) },
  { path: "profile", ...page(() => import("../features/profile/ProfilePage")) },
  { path: "security", ...page(() => import("../features/profile/SecurityPage")) },
];

export const router = createBrowserRouter(
  [
    { path: "/sign-in", ...page(() => import("../features/session/SignInPage")), errorElement: <Broken /> },
    {
      element: <SignedIn />,
      errorElement: <Broken />,
      children: [
        { index: true, element: <FirstPlace /> },
        { path: "e/:estateId/wallet/:walletId", element: <WalletPlace /> },
        { path: "e/:estateId/u/:unitId", element: <PlaceShell />, children: [{ errorElement: <Broken />, children: home }] },
        { errorElement: <Broken />, children: [staff] },
      ],
    },
    { path: "*", element: <Navigate to="/" replace /> },
  ],
  { basename: BASE_PATH },
);
