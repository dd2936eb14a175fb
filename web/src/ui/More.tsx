import { Button } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Pages } from "@api";
import { Wrong } from "./states";
import classes from "./More.module.css";

/** How far below the window the end of the list may be when the next page is fetched. */
const NEAR = "600px";

interface MoreProps<Item> {
  pages: Pages<Item>;
  /** The next page comes by itself as its place comes near; for lists with nothing below them. */
  isEndless?: boolean;
  /** As wide as the list. */
  isWide?: boolean;
}

/** The way to the next page of a list: by itself when it comes near, and by a button, also after it failed. */
export function More<Item>({ pages, isEndless = false, isWide = false }: MoreProps<Item>): ReactNode {
  const { t } = useTranslation();
  const end = useRef<HTMLDivElement>(null);
  const { hasMore, isFetchingMore, isMoreFailed, fetchMore } = pages;
  const fetch = useRef(fetchMore);
  useEffect(() => {
    fetch.current = fetchMore;
  });
  const isAutomatic = isEndless && hasMore && !isFetchingMore && !isMoreFailed;
  useEffect(() => {
    if (!isAutomatic) return undefined;
    const watcher = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && fetch.current(), { rootMargin: NEAR });
    watcher.observe(end.current!);
    return () => watcher.disconnect();
  }, [isAutomatic]);
  if (!hasMore) return null;
  return (
    <div ref={end} className={classes.more} data-wide={isWide || undefined}>
      {isMoreFailed ? <Wrong error={pages.error} /> : null}
      <Button variant="default" fullWidth={isWide} loading={isFetchingMore} onClick={fetchMore}>
        {t("more")}
      </Button>
    </div>
  );
}
