import { Button } from "@mantine/core";
import { defaultRangeExtractor, useWindowVirtualizer, type Range } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type FocusEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Pages } from "@api";
import { Wrong } from "./states";
import classes from "./VirtualRows.module.css";

/** Up to this many rows the browser draws all: its own search finds them, and nothing is measured. */
const PLAIN_MAX = 60;
/** Rows above and below the window that are drawn too: what somebody tabs to is there before it is seen. */
const AHEAD = 10;
const HEIGHT_PX = 64;
/** How far below the window the end of the list may be when the next page is fetched. */
const NEAR = "600px";

interface VirtualRowsProps<Item> {
  items: Item[];
  keyOf: (item: Item) => string | number;
  /** What the list is, for screen readers. */
  label?: string;
  /** Where the items come from, if there may be more: see `usePages`. */
  pages?: Pages<Item>;
  /** Fetch the next page when the end comes near; without it only the button does, so that what stands below can be reached. */
  isEndless?: boolean;
  /** Roughly how high a row is, before it was measured. */
  heightPx?: number;
  /** A row's content: `RowLine`, or anything else; the `li` around it is made here. */
  children: (item: Item, at: number) => ReactNode;
}

/**
 * A long list of which only the rows near the window exist.
 *
 * Rows may differ in height. Each says its place and how many there are; the focused one stays where somebody scrolls away.
 */
export function VirtualRows<Item>({ items, keyOf, label, pages, isEndless = true, heightPx = HEIGHT_PX, children }: VirtualRowsProps<Item>): ReactNode {
  const setSize = pages?.hasMore === true ? -1 : items.length;
  const place = (at: number): { "aria-setsize": number; "aria-posinset": number } => ({ "aria-setsize": setSize, "aria-posinset": at + 1 });
  return (
    <>
      {items.length <= PLAIN_MAX ? (
        <ul className={classes.rows} aria-label={label}>
          {items.map((item, at) => (
            <li key={keyOf(item)} className={classes.row} data-separated={at > 0 || undefined} {...place(at)}>
              {children(item, at)}
            </li>
          ))}
        </ul>
      ) : (
        <Virtual items={items} keyOf={keyOf} label={label} heightPx={heightPx} place={place}>
          {children}
        </Virtual>
      )}
      {pages === undefined ? null : <More pages={pages} isEndless={isEndless} />}
    </>
  );
}

interface VirtualProps<Item> extends Pick<VirtualRowsProps<Item>, "items" | "keyOf" | "label" | "children"> {
  heightPx: number;
  place: (at: number) => object;
}

function Virtual<Item>({ items, keyOf, label, heightPx, place, children }: VirtualProps<Item>): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const focused = useRef<number | null>(null);
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => heightPx,
    getItemKey: (at) => keyOf(items[at]!),
    overscan: AHEAD,
    scrollMargin: top,
    rangeExtractor: (range: Range) => {
      const drawn = defaultRangeExtractor(range);
      const kept = focused.current;
      return kept === null || kept >= items.length || drawn.includes(kept) ? drawn : [...drawn, kept].sort((one, other) => one - other);
    },
  });
  // what stands above the list may grow at any time: its place is looked up again whenever the page's height changes
  useLayoutEffect(() => {
    const look = (): void => setTop(Math.floor((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(document.body);
    return () => watcher.disconnect();
  }, []);
  const keep = ({ target }: FocusEvent): void => {
    const row = target.closest("[data-index]");
    focused.current = row === null ? null : Number(row.getAttribute("data-index"));
  };
  return (
    <ul
      ref={list}
      className={classes.rows}
      data-virtual
      aria-label={label}
      style={{ height: virtual.getTotalSize() }}
      onFocus={keep}
      onBlur={() => (focused.current = null)}
    >
      {virtual.getVirtualItems().map(({ index, key, start }) => (
        <li
          key={key}
          ref={virtual.measureElement}
          data-index={index}
          className={classes.row}
          data-separated={index > 0 || undefined}
          style={{ transform: `translateY(${start - top}px)` }}
          {...place(index)}
        >
          {children(items[index]!, index)}
        </li>
      ))}
    </ul>
  );
}

/** The way to the next page: by itself when it comes near, and by a button, also after it failed. */
function More<Item>({ pages, isEndless }: { pages: Pages<Item>; isEndless: boolean }): ReactNode {
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
    <div ref={end} className={classes.more}>
      {isMoreFailed ? <Wrong error={pages.error} /> : null}
      <Button variant="default" fullWidth loading={isFetchingMore} onClick={fetchMore}>
        {t("more")}
      </Button>
    </div>
  );
}
