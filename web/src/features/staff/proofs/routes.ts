import { IconShieldCheck } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [{ path: "proofs", ...page(() => import("./ProofsPage")) }];

export const ways: Way[] = [{ to: "proofs", word: "proofs", icon: IconShieldCheck, needs: "ledger.read" }];
