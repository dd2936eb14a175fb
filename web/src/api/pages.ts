import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { FetchOptions } from "openapi-fetch";
import { $api } from "./client";
import type { paths } from "./schema";

/** What a list answers with: some items, and where the next ones begin. */
interface Answered<Item> {
  items: Item[];
  next?: number | string | null;
}

type AnswerOf<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Answer } } } };
}
  ? Answer
  : never;

/** Paths of the API that answer with items, a page at a time. */
export type ListPath = {
  [Path in keyof paths]: [AnswerOf<Path>] extends [never] ? never : AnswerOf<Path> extends Answered<unknown> ? Path : never;
}[keyof paths];

export type ItemOf<Path extends ListPath> = AnswerOf<Path> extends Answered<infer Item> ? Item : never;

type InitOf<Path extends ListPath> = paths[Path] extends { get: infer Get } ? Pick<FetchOptions<Get>, "params"> : never;

/** A list as far as it was fetched, in the shape of what `Show` and `VirtualRows` take. */
export interface Pages<Item> {
  /** What came so far, page after page; undefined before the first came. */
  data: Item[] | undefined;
  error: unknown;
  isPending: boolean;
  /** Whether the API has more than what came. */
  hasMore: boolean;
  isFetchingMore: boolean;
  /** The page after the last one did not come; what is there stays. */
  isMoreFailed: boolean;
  fetchMore: () => void;
  refetch: () => unknown;
}

interface PagesOptions {
  /** The query parameter that takes the `next` of the answer before. */
  by?: string;
  isEnabled?: boolean;
}

/**
 * Ask for a list page by page: the next one where the last said `next`.
 *
 * Kept apart from what `$api.useQuery` asks of the same path. `limit` in the query is the length of a page.
 */
export function usePages<Path extends ListPath>(path: Path, init: InitOf<Path>, { by = "before", isEnabled = true }: PagesOptions = {}): Pages<ItemOf<Path>> {
  // the types of one generic path among hundreds are more than the compiler follows: they are checked at this border
  const useAsked = $api.useInfiniteQuery as unknown as (...asked: unknown[]) => UseInfiniteQueryResult<InfiniteData<Answered<ItemOf<Path>>>>;
  const asked = useAsked("get", path, { ...init, isPaged: true }, {
    pageParamName: by,
    // undefined would become the number zero
    initialPageParam: null,
    getNextPageParam: (last: Answered<unknown>) => last.next ?? undefined,
    enabled: isEnabled,
  });
  return pagesOf(asked, ({ items }) => items);
}

/** Return a question that is asked page by page as a list; `itemsOf` is what of a page the list is made of. */
export function pagesOf<Page, Item>(asked: UseInfiniteQueryResult<InfiniteData<Page>>, itemsOf: (page: Page) => Item[]): Pages<Item> {
  return {
    data: asked.data?.pages.flatMap(itemsOf),
    error: asked.error,
    isPending: asked.isPending,
    hasMore: asked.hasNextPage,
    isFetchingMore: asked.isFetchingNextPage,
    isMoreFailed: asked.isFetchNextPageError,
    fetchMore: () => void asked.fetchNextPage(),
    refetch: () => asked.refetch(),
  };
}
