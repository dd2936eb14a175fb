import type { ReactNode } from "react";
import type { Pages } from "@api";
import { More } from "./More";
import { PLAIN_MAX, useWindowed } from "./useWindowed";
import classes from "./VirtualRows.module.css";

const HEIGHT_PX = 64;

interface VirtualRowsProps<Item> {
  items: Item[];
  keyOf: (item: Item) => string | number;
  /** What the list is, for screen readers. */
  label?: string;
  /** Where the items come from, if there may be more: see `usePages`. */
  pages?: Pages<Item>;
  /** Fetch the next page when the end comes near; without it only the button does, so that what stands below can be reached. */
  isEndless?: boolean;
  /** A row's content: `RowLine`, or anything else; the `li` around it is made here. */
  children: (item: Item, at: number) => ReactNode;
}

/**
 * A long list of which only the rows near the window exist.
 *
 * Rows may differ in height. Each says its place and how many there are; the focused one stays where somebody scrolls away.
 */
export function VirtualRows<Item>({ items, keyOf, label, pages, isEndless = true, children }: VirtualRowsProps<Item>): ReactNode {
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
        <Virtual items={items} keyOf={keyOf} label={label} place={place}>
          {children}
        </Virtual>
      )}
      {pages === undefined ? null : <More pages={pages} isEndless={isEndless} isWide />}
    </>
  );
}

interface VirtualProps<Item> extends Pick<VirtualRowsProps<Item>, "items" | "keyOf" | "label" | "children"> {
  place: (at: number) => object;
}

function Virtual<Item>({ items, keyOf, label, place, children }: VirtualProps<Item>): ReactNode {
  const { box, top, virtual, keeping } = useWindowed<Item, HTMLUListElement>(items, keyOf, HEIGHT_PX);
  return (
    <ul ref={box} className={classes.rows} data-virtual aria-label={label} style={{ height: virtual.getTotalSize() }} {...keeping}>
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
