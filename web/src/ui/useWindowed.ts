import { defaultRangeExtractor, useWindowVirtualizer, type Range, type Virtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState, type FocusEvent, type RefObject } from "react";

/** Up to this many rows the browser draws all: its own search finds them, and nothing is measured. */
export const PLAIN_MAX = 60;
/** Rows above and below the window that are drawn too: what somebody tabs to is there before it is seen. */
const AHEAD = 12;

interface Windowed<Box extends HTMLElement> {
  /** What the rows stand in. */
  box: RefObject<Box | null>;
  /** How far below the page's top it begins. */
  top: number;
  virtual: Virtualizer<Window, Element>;
  /** For the box: the row with the focus stays where somebody scrolls away. Rows say their `data-index`. */
  keeping: { onFocus: (event: FocusEvent) => void; onBlur: () => void };
}

/** Which rows of a long list are near the window; `heightPx` is what one is high, roughly, before it was measured. */
export function useWindowed<Item, Box extends HTMLElement>(items: Item[], keyOf: (item: Item) => string | number, heightPx: number): Windowed<Box> {
  const box = useRef<Box>(null);
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
    const look = (): void => setTop(Math.floor((box.current?.getBoundingClientRect().top ?? 0) + window.scrollY));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(document.body);
    return () => watcher.disconnect();
  }, []);
  const onFocus = ({ target }: FocusEvent): void => {
    const row = target.closest("[data-index]");
    focused.current = row === null ? null : Number(row.getAttribute("data-index"));
  };
  return { box, top, virtual, keeping: { onFocus, onBlur: () => void (focused.current = null) } };
}
