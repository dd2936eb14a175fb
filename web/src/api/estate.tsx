import { createContext, useContext, type ReactNode } from "react";
import type { Permission } from "./access";
import type { Schemas } from "./client";

/** The estate that a page of staff is about, and what the reader may do there. */
export interface EstateWork {
  estate: Schemas["EstateOut"];
  /** The path of every route below the estate: `{ estate_id }`. */
  path: { estate_id: number };
  may: (permission: Permission) => boolean;
}

const Context = createContext<EstateWork | null>(null);

export function EstateProvider({ work, children }: { work: EstateWork; children: ReactNode }): ReactNode {
  return <Context value={work}>{children}</Context>;
}

/** Pages of staff stand below a provider. */
export function useEstate(): EstateWork {
  const work = useContext(Context);
  if (work === null) throw new Error("useEstate outside of an estate");
  return work;
}
