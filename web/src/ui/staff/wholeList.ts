import type { Pages } from "@api";
import type { Asked } from "../states";

/** Items that are there already, in the shape that `DataTable` takes. */
export function givenList<Item>(items: Item[]): Pages<Item> {
  return wholeList({ data: { items }, error: null, isPending: false, refetch: () => undefined });
}

/** A query that answers with all items at once, in the shape that `DataTable` takes. */
export function wholeList<Item>(asked: Asked<{ items: Item[] }>): Pages<Item> {
  return {
    data: asked.data?.items,
    error: asked.error,
    isPending: asked.isPending,
    hasMore: false,
    isFetchingMore: false,
    isMoreFailed: false,
    fetchMore: () => undefined,
    refetch: () => asked.refetch(),
  };
}
