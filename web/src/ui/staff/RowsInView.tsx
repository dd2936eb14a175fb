import type { ReactNode } from "react";
import { PLAIN_MAX, useWindowed } from "../useWindowed";

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
  const { box, top, virtual, keeping } = useWindowed<Item, HTMLTableSectionElement>(items, keyOf, HEIGHT_PX);
  const drawn = virtual.getVirtualItems();
  return (
    <tbody role="rowgroup" ref={box} {...keeping}>
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
