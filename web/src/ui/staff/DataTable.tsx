import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { problemOf, type Pages } from "@api";
import { More } from "../More";
import { Empty, Failure, Loading } from "../states";
import { RowsInView } from "./RowsInView";
import classes from "./DataTable.module.css";

export interface Column<Item> {
  key: string;
  title: string;
  /** What stands in the cell; nothing at all where it is null. */
  cell: (item: Item) => ReactNode;
  /** Figures stand at the end, one below the other. */
  isNumber?: boolean;
  /** Where it stands on phones: at the end of the first line, below with or without its title, or nowhere. The first column is the row's name. */
  phone?: "value" | "line" | "bare" | "none";
  /** The order that its head asks for; `-` before it turns it. */
  order?: string;
  /** It can be turned, too. */
  isTurned?: boolean;
}

interface DataTableProps<Item> {
  /** What the list is, for screen readers. */
  label: string;
  columns: Column<Item>[];
  /** `usePages`, or `wholeList` of a query that answers at once. */
  pages: Pages<Item>;
  keyOf: (item: Item) => string | number;
  /** The row's own page, beginning at the address of the list: `12`, `../units/12`. */
  to?: (item: Item) => string;
  order?: string;
  onOrder?: (order: string) => void;
  /** Why there is nothing, and what can be done. */
  empty: { title: string; hint?: ReactNode; action?: ReactNode };
  /** The next page comes by itself as its place comes near; for lists with nothing below them. */
  isEndless?: boolean;
}

/**
 * A list of things with their figures: a table on wide screens, rows on phones, of the same elements.
 *
 * Of thousands only those near the window exist. Loading, empty and error are shown in its place.
 */
export function DataTable<Item>(props: DataTableProps<Item>): ReactNode {
  const { label, columns, pages, keyOf, to, order, onOrder, empty, isEndless = false } = props;
  if (pages.data === undefined) {
    return pages.isPending ? <Loading lines={6} /> : <Failure problem={problemOf(pages.error)} retry={() => void pages.refetch()} />;
  }
  if (pages.data.length === 0) {
    // of what came so far nothing may be meant to be seen; what is further down may be
    return (
      <>
        <Empty title={empty.title} action={empty.action}>{empty.hint}</Empty>
        <More pages={pages} />
      </>
    );
  }
  return (
    <div className={classes.frame}>
      <table role="table" aria-label={label} aria-rowcount={pages.hasMore ? -1 : pages.data.length + 1} className={classes.table}>
        <thead role="rowgroup" className={classes.head}>
          <tr role="row">
            {columns.map((column) => (
              <Head key={column.key} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <RowsInView items={pages.data} keyOf={keyOf} columns={columns.length} className={classes.row}>
          {(item) =>
            columns.map((column, at) =>
              at === 0 ? (
                <th key={column.key} scope="row" role="rowheader" className={classes.name}>
                  {to === undefined ? column.cell(item) : <Link to={to(item)} relative="path">{column.cell(item)}</Link>}
                </th>
              ) : (
                <td
                  key={column.key}
                  role="cell"
                  data-phone={column.phone ?? "line"}
                  data-label={column.title}
                  className={column.isNumber ? `${classes.number} num` : undefined}
                >
                  {column.cell(item)}
                </td>
              ),
            )
          }
        </RowsInView>
      </table>
      <More pages={pages} isEndless={isEndless} />
    </div>
  );
}

interface HeadProps<Item> {
  column: Column<Item>;
  order: string | undefined;
  onOrder: ((order: string) => void) | undefined;
}

function Head<Item>({ column, order, onOrder }: HeadProps<Item>): ReactNode {
  const { title, order: own, isTurned = false, isNumber } = column;
  const className = isNumber ? classes.number : undefined;
  if (own === undefined || onOrder === undefined) {
    return (
      <th role="columnheader" scope="col" className={className}>
        {title}
      </th>
    );
  }
  const sorted = order === own ? "ascending" : order === `-${own}` ? "descending" : "none";
  const Arrow = sorted === "ascending" ? IconArrowUp : sorted === "descending" ? IconArrowDown : IconArrowsSort;
  return (
    <th role="columnheader" scope="col" className={className} aria-sort={sorted} data-sorts>
      <button type="button" onClick={() => onOrder(sorted === "ascending" && isTurned ? `-${own}` : own)}>
        {title}
        <Arrow aria-hidden size={16} />
      </button>
    </th>
  );
}
