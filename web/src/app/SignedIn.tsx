import type { ReactNode } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { useSession } from "@api";

/**
 * Pages below are for whoever is signed in; everybody else signs in first and comes back.
 * Until it is known, whoever was here last sees what was last known.
 */
export function SignedIn(): ReactNode {
  const session = useSession();
  const { pathname } = useLocation();
  if (session === "signed_out") return <Navigate to={`/sign-in?to=${encodeURIComponent(pathname)}`} replace />;
  return <Outlet />;
}
