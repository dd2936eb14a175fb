import { useEffect } from "react";
import type { Pages } from "./pages";

/**
 * Fetch a list page after page until all of it is there; undefined until then.
 *
 * For what another list is looked up in: with a part of it alone, what is missing would be taken for what is not so.
 */
export function useWhole<Item>({ data, hasMore, isFetchingMore, isMoreFailed, fetchMore }: Pages<Item>): Item[] | undefined {
  const isNext = hasMore && !isFetchingMore && !isMoreFailed;
  useEffect(() => {
    if (isNext) fetchMore();
    // each page makes another one the next; `fetchMore` is new with each render
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isNext, data?.length]);
  return hasMore ? undefined : data;
}
