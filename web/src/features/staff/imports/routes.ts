import { IconFileImport } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "imports", ...page(() => import("./ImportsPage")) },
  { path: "imports/:importId", ...page(() => import("./ImportPage")) },
  { path: "reading-files/:fileId", ...page(() => import("./ReadingFilePage")) },
];

export const ways: Way[] = [{ to: "imports", word: "imports", icon: IconFileImport, needs: "imports.write" }];
