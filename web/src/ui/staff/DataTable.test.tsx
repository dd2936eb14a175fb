import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startLanguage } from "../language";
import { DataTable } from "./DataTable";

beforeAll(() => startLanguage());
afterEach(cleanup);

describe("a table of which the page hides every row that came", () => {
  it("says that there is none, and leads to what is further down", async () => {
    const fetchMore = vi.fn();
    const pages = { data: [], error: null, isPending: false, hasMore: true, isFetchingMore: false, isMoreFailed: false, fetchMore, refetch: vi.fn() };
    render(
      <MantineProvider>
        <DataTable label="Numbers" columns={[]} pages={pages} keyOf={(each: number) => each} empty={{ title: "None found" }} />
      </MantineProvider>,
    );
    expect(screen.getByText("None found")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    expect(fetchMore).toHaveBeenCalledTimes(1);
  });
});
