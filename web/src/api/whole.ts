import { useEffect } from "react";
import type { Pages } from "./pages";

interface Answered<Item> {
  data?: { items: Item[]; next?: number | string | null };
  error?: unknown;
}

/** Fetch all of a list at once, page after page; `ask` for the page after a number. */
export async function fetchWhole<Item>(ask: (after: number) => Promise<Answered<Item>>): Promise<Item[]> {
  const found: Item[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { data, error } = await ask(after);
    if (data === undefined) throw error;
    found.push(...data.items);
    after = data.next == null ? null : Number(data.next);
  }
  return found;
}

/**
 * Fetch a list page after page, as long as all of it `isWanted`; what came so far is there meanwhile.
 *
 * For lists that are searched and sorted here.
 */
export function useEvery<Item>(pages: Pages<Item>, isWanted = true): Pages<Item> {
  const { data, hasMore, isFetchingMore, isMoreFailed, fetchMore } = pages;
  const isNext = isWanted && hasMore && !isFetchingMore && !isMoreFailed;
  useEffect(() => {
    if (isNext) fetchMore();
    // each page makes another one the next; `fetchMore` is new with each render
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isNext, data?.length]);
  return pages;
}

/**
 * Fetch a list page after page until all of it is there; undefined until then.
 *
 * For what another list is looked up in: with a part of it alone, what is missing would be taken for what is not so.
 */
export function useWhole<Item>(pages: Pages<Item>): Item[] | undefined {
  const { data, hasMore } = useEvery(pages);
  return hasMore ? undefined : data;
}
