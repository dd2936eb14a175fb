import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { RouteObject } from "react-router";
import type { Permission } from "@api";

/** The file of a page did not come: there is no connection, or it is gone since the app was renewed. */
export class NoFile extends TypeError {}

/** Load what a page is made of; rejects with `NoFile`. */
export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  return load().catch((cause: unknown) => {
    throw new NoFile("a file of the app could not be fetched", { cause });
  });
}

/** A page in a file of its own, fetched when somebody goes there. */
export function page(load: () => Promise<{ default: () => ReactNode }>): Pick<RouteObject, "lazy"> {
  return { lazy: async () => ({ Component: (await fetched(load)).default }) };
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
