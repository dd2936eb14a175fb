import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { page } from "@ui";
import { Broken } from "./Broken";

const reload = vi.fn();

// texts are shown by their keys
beforeAll(() => i18next.use(initReactI18next).init({ lng: "en", resources: {}, showSupportNotice: false } as Parameters<typeof i18next.init>[0]));
beforeEach(() => {
  sessionStorage.clear();
  vi.stubGlobal("navigator", { ...navigator, serviceWorker: { controller: {} } });
  reload.mockReset();
  vi.spyOn(window.location, "reload").mockImplementation(reload);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function visit(load: Parameters<typeof page>[0]): void {
  const router = createMemoryRouter([{ path: "/", ...page(load), errorElement: <Broken /> }]);
  render(
    <MantineProvider>
      <RouterProvider router={router} />
    </MantineProvider>,
  );
}

const isGone = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

test("a page whose file is gone is loaded anew, and only once in a while", async () => {
  visit(isGone);
  await waitFor(() => expect(reload).toHaveBeenCalledOnce());
  expect(screen.queryByRole("alert")).toBeNull();
  cleanup();
  // it did not help: there is no connection
  visit(isGone);
  expect((await screen.findByRole("alert")).textContent).toContain("state.offline");
  expect(reload).toHaveBeenCalledOnce();
});

test("without a worker nothing is loaded anew: there might be an empty window", async () => {
  vi.stubGlobal("navigator", { ...navigator, serviceWorker: { controller: null } });
  visit(isGone);
  await screen.findByRole("alert");
  expect(reload).not.toHaveBeenCalled();
});

test("a page that breaks by itself says so and is not loaded anew", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  visit(() =>
    Promise.resolve({
      default: () => {
        throw new Error("a fault of ours");
      },
    }),
  );
  await screen.findByRole("alert");
  expect(reload).not.toHaveBeenCalled();
});
