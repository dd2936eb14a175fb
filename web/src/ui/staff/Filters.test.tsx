import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { createMemoryRouter, Link, RouterProvider } from "react-router";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLanguage } from "../language";
import { Filters, useFilters } from "./Filters";

/** Longer than the field waits before it tells the address. */
const FETCHED_MS = 700;

function List(): ReactNode {
  return (
    <>
      <Filters filtering={useFilters("q")} search={{ name: "q", label: "Find" }} />
      <Link to="/one">The first</Link>
    </>
  );
}

beforeEach(async () => {
  localStorage.clear();
  await startLanguage();
});
afterEach(cleanup);

describe("words that a list is narrowed by", () => {
  it("do not call back who has gone on to a page that is still being fetched", async () => {
    const one = { Component: () => <h1>One</h1> };
    const router = createMemoryRouter(
      [
        { path: "/list", Component: List },
        { path: "/one", lazy: () => new Promise<typeof one>((done) => setTimeout(() => done(one), FETCHED_MS)) },
      ],
      { initialEntries: ["/list"] },
    );
    render(
      <MantineProvider>
        <RouterProvider router={router} />
      </MantineProvider>,
    );
    fireEvent.change(await screen.findByLabelText("Find"), { target: { value: "water" } });
    fireEvent.click(screen.getByText("The first"));
    expect(await screen.findByText("One", {}, { timeout: 5000 })).toBeTruthy();
    expect(router.state.location.pathname).toBe("/one");
  });

  it("do not call back who went on just before the pause is over, on a machine with much to do", async () => {
    const one = { Component: () => <h1>One</h1> };
    const router = createMemoryRouter(
      [
        { path: "/list", Component: List },
        { path: "/one", lazy: () => new Promise<typeof one>((done) => setTimeout(() => done(one), FETCHED_MS)) },
      ],
      { initialEntries: ["/list"] },
    );
    render(
      <MantineProvider>
        <RouterProvider router={router} />
      </MantineProvider>,
    );
    fireEvent.change(await screen.findByLabelText("Find"), { target: { value: "water" } });
    // not by the test's own click, after which React has drawn everything: here the pause is over before it could
    void router.navigate("/one");
    const busy = performance.now() + FETCHED_MS / 2;
    while (performance.now() < busy);
    expect(await screen.findByText("One", {}, { timeout: 5000 })).toBeTruthy();
    expect(router.state.location.pathname).toBe("/one");
  });

  it("stand in the address when nobody goes anywhere", async () => {
    const router = createMemoryRouter([{ path: "/list", Component: List }], { initialEntries: ["/list"] });
    render(
      <MantineProvider>
        <RouterProvider router={router} />
      </MantineProvider>,
    );
    fireEvent.change(await screen.findByLabelText("Find"), { target: { value: " water " } });
    await expect.poll(() => router.state.location.search, { timeout: 5000 }).toBe("?q=water");
  });
});
