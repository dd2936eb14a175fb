import { renderHook } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Pages } from "./pages";
import { useEvery, useWhole } from "./whole";

const fetchMore = vi.fn();

function pages(data: number[], more: Partial<Pages<number>> = {}): Pages<number> {
  const all = { data, error: null, isPending: false, hasMore: true, isFetchingMore: false, isMoreFailed: false };
  return { ...all, fetchMore, refetch: vi.fn(), ...more };
}

describe("every page of a list", () => {
  it("is asked for as soon as the one before came, and not again after it failed", () => {
    fetchMore.mockClear();
    const { rerender } = renderHook((given: Pages<number>) => useEvery(given), { initialProps: pages([1]) });
    rerender(pages([1], { isFetchingMore: true }));
    expect(fetchMore).toHaveBeenCalledTimes(1);
    rerender(pages([1, 2]));
    expect(fetchMore).toHaveBeenCalledTimes(2);
    // an answer that was there at once leaves no moment in which one was under way
    rerender(pages([1, 2, 3]));
    expect(fetchMore).toHaveBeenCalledTimes(3);
    rerender(pages([1, 2, 3], { isMoreFailed: true }));
    rerender(pages([1, 2, 3, 4], { hasMore: false }));
    expect(fetchMore).toHaveBeenCalledTimes(3);
  });

  it("waits until somebody wants it", () => {
    fetchMore.mockClear();
    const { rerender } = renderHook((isWanted: boolean) => useEvery(pages([1]), isWanted), { initialProps: false });
    expect(fetchMore).not.toHaveBeenCalled();
    rerender(true);
    expect(fetchMore).toHaveBeenCalledTimes(1);
  });

  it("is no whole before the last one is there", () => {
    const { result, rerender } = renderHook((given: Pages<number>) => useWhole(given), { initialProps: pages([1]) });
    expect(result.current).toBeUndefined();
    rerender(pages([1, 2], { hasMore: false }));
    expect(result.current).toEqual([1, 2]);
  });
});
