import { useEffect } from "react";
import type { Pages } from "@api";

/** A list whole: each page is asked for as soon as the one before came. For lists that are searched and sorted here. */
export function useEvery<Item>(pages: Pages<Item>): Pages<Item> {
  const { hasMore, isFetchingMore, isMoreFailed, fetchMore } = pages;
  const isNext = hasMore && !isFetchingMore && !isMoreFailed;
  useEffect(() => {
    if (isNext) fetchMore();
    // `fetchMore` is made anew with each render
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isNext]);
  return pages;
}
