import { defaultRangeExtractor, useWindowVirtualizer, type Range } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState, type FocusEvent, type ReactNode } from "react";

/** Up to this many rows the browser draws all: its own search finds them, and nothing is measured. */
const PLAIN_MAX = 60;
/** Rows above and below the window that are drawn too. */
const AHEAD = 12;
const HEIGHT_PX = 53;
/** The head is row 1. */
const FIRST = 2;

interface RowsInViewProps<Item> {
  items: Item[];
  keyOf: (item: Item) => string | number;
  columns: number;
  className: string | undefined;
  children: (item: Item) => ReactNode;
}

/** The body of a table, of which only the rows near the window exist; rows may differ in height. */
export function RowsInView<Item>(props: RowsInViewProps<Item>): ReactNode {
  if (props.items.length > PLAIN_MAX) return <Windowed {...props} />;
  return (
    <tbody role="rowgroup">
      {props.items.map((item, at) => (
        <tr key={props.keyOf(item)} role="row" aria-rowindex={at + FIRST} className={props.className}>
          {props.children(item)}
        </tr>
      ))}
    </tbody>
  );
}

function Windowed<Item>({ items, keyOf, columns, className, children }: RowsInViewProps<Item>): ReactNode {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  const focused = useRef<number | null>(null);
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => HEIGHT_PX,
    getItemKey: (at) => keyOf(items[at]!),
    overscan: AHEAD,
    scrollMargin: top,
    rangeExtractor: (range: Range) => {
      const drawn = defaultRangeExtractor(range);
      const kept = focused.current;
      return kept === null || kept >= items.length || drawn.includes(kept) ? drawn : [...drawn, kept].sort((one, other) => one - other);
    },
  });
  // what stands above the table may grow at any time
  useLayoutEffect(() => {
    const look = (): void => setTop(Math.floor((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(document.body);
    return () => watcher.disconnect();
  }, []);
  const keep = ({ target }: FocusEvent): void => {
    const row = target.closest("[data-index]");
    focused.current = row === null ? null : Number(row.getAttribute("data-index"));
  };
  const drawn = virtual.getVirtualItems();
  return (
    <tbody role="rowgroup" ref={body} onFocus={keep} onBlur={() => (focused.current = null)}>
      {drawn.map(({ index, key, start }, at) => [
        <Gap key={`before-${key}`} px={start - (at === 0 ? top : drawn[at - 1]!.end)} columns={columns} />,
        <tr key={key} role="row" aria-rowindex={index + FIRST} data-index={index} ref={virtual.measureElement} className={className}>
          {children(items[index]!)}
        </tr>,
      ])}
      <Gap px={virtual.getTotalSize() - ((drawn.at(-1)?.end ?? top) - top)} columns={columns} />
    </tbody>
  );
}

/** The height of the rows that are not drawn. */
function Gap({ px, columns }: { px: number; columns: number }): ReactNode {
  if (px <= 0) return null;
  return (
    <tr role="presentation" aria-hidden style={{ display: "table-row" }}>
      <td role="presentation" colSpan={columns} style={{ height: px, padding: 0, border: 0, display: "block" }} />
    </tr>
  );
}
