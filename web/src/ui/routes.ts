import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { RouteObject } from "react-router";
import type { Permission } from "@api";

/** A page in a file of its own, fetched when somebody goes there. */
export function page(load: () => Promise<{ default: () => ReactNode }>): Pick<RouteObject, "lazy"> {
  return { lazy: async () => ({ Component: (await load()).default }) };
}

/** An entry of staff's menu: shown to whoever has the permission in the estate. */
export interface Way {
  /** Below the estate; the empty one is its first page. */
  to: string;
  /** The first words of other pages that belong to it, below the estate too. */
  also?: string[];
  /** Its word, `nav.<word>` of the texts `frame`. */
  word: string;
  icon: Icon;
  needs: Permission;
}
