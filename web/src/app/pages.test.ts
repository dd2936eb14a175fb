import { expect, test } from "vitest";
import type { RouteObject } from "react-router";
import { router } from "./router";
import { staff } from "./staff/routes";

/** Every path of the app that shows something, from its root. */
function paths(routes: readonly RouteObject[], above = ""): string[] {
  return routes.flatMap(({ path, children }) => {
    const here = path === undefined ? above : `${above}/${path.replace(/^\//, "")}`;
    return children === undefined ? [here === "" ? "/" : here] : paths(children, here);
  });
}

// what the browser's walk over every page reads (tests/e2e/test_every_page.py): `npx vitest run -u` writes it anew
test("the list of all pages is that of the routes", async () => {
  const all = [...paths(router.routes), ...paths([staff])].sort();
  expect(new Set(all).size).toBe(all.length);
  await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot("pages.json");
});
