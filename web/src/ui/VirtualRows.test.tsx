import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Pages } from "@api";
import { startLanguage } from "./language";
import { VirtualRows } from "./VirtualRows";

const watched = { observe: vi.fn(), disconnect: vi.fn() };
let see: (entries: { isIntersecting: boolean }[]) => void = () => undefined;

beforeAll(async () => {
  await startLanguage();
  vi.stubGlobal("IntersectionObserver", function (this: unknown, tell: typeof see) {
    see = tell;
    return watched;
  });
});

afterEach(cleanup);

function pages(more: Partial<Pages<number>>): Pages<number> {
  const all = { data: [], error: null, isPending: false, hasMore: true, isFetchingMore: false, isMoreFailed: false };
  return { ...all, fetchMore: vi.fn(), refetch: vi.fn(), ...more };
}

function show(count: number, given?: Pages<number>, isEndless = true): void {
  const items = Array.from({ length: count }, (_, at) => at);
  render(
    <MantineProvider>
      <VirtualRows items={items} keyOf={(each) => each} label="Numbers" pages={given} isEndless={isEndless}>
        {(each) => <span>{each}</span>}
      </VirtualRows>
    </MantineProvider>,
  );
}

// how it draws only what is near the window is seen in a browser: here nothing has a height
describe("a long list", () => {
  it("says of each row its place, and how many there are once that is known", () => {
    show(3);
    expect(screen.getAllByRole("listitem").map((each) => [each.getAttribute("aria-posinset"), each.getAttribute("aria-setsize")])).toEqual([
      ["1", "3"],
      ["2", "3"],
      ["3", "3"],
    ]);
    show(1, pages({}));
    expect(screen.getAllByRole("listitem").at(-1)?.getAttribute("aria-setsize")).toBe("-1");
  });

  it("fetches the next page when its end comes near, and by its button", async () => {
    const near = pages({});
    show(2, near);
    expect(near.fetchMore).not.toHaveBeenCalled();
    see([{ isIntersecting: true }]);
    expect(near.fetchMore).toHaveBeenCalledTimes(1);
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    expect(near.fetchMore).toHaveBeenCalledTimes(2);
  });

  it("does not go on by itself where something stands below, or after it failed; and says why", () => {
    watched.observe.mockClear();
    show(2, pages({}), false);
    show(2, pages({ isMoreFailed: true, error: { status: 503, code: "busy", title: "Busy", detail: "try later" } }));
    expect(watched.observe).not.toHaveBeenCalled();
    expect(screen.getByRole("alert").textContent).toContain("Try later.");
  });
});
