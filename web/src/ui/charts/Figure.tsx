import { lazy, Suspense, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSeen } from "../seen";
import { Loading } from "../states";
import type { CanvasProps } from "./Canvas";
import classes from "./Charts.module.css";

const Canvas = lazy(() => import("./Canvas"));
const FullCanvas = lazy(async () => {
  await import("./more");
  return import("./Canvas");
});

/** The numbers of a chart, exact, as a table: the first cell of a row is its head. */
export interface Table {
  head: string[];
  rows: string[][];
}

interface FigureProps extends CanvasProps {
  table: Table;
  /** It is made of more than bars and lines. */
  isRich?: boolean;
  /** What the marks and colours mean, in words. */
  legend?: { name: string; colour: number; isLine?: boolean }[];
}

/** A chart: in words, as a picture once it comes into the window, and as a table for whoever asks. */
export function Figure({ summary, table, legend = [], isRich = false, ...canvas }: FigureProps): ReactNode {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  const isSeen = useSeen(box);
  return (
    <figure ref={box} className={classes.figure}>
      <figcaption className={classes.summary}>{summary}</figcaption>
      {legend.length < 2 ? null : (
        <ul className={classes.legend}>
          {legend.map(({ name, colour, isLine }) => (
            <li key={name} data-colour={colour + 1} data-line={isLine || undefined}>
              {name}
            </li>
          ))}
        </ul>
      )}
      {isSeen ? (
        <Suspense fallback={<Room isTall={canvas.isTall} />}>
          {isRich ? <FullCanvas summary={summary} {...canvas} /> : <Canvas summary={summary} {...canvas} />}
        </Suspense>
      ) : (
        <Room isTall={canvas.isTall} />
      )}
      <Numbers table={table} label={t("chart.table")} />
    </figure>
  );
}

/** The room that a picture will take, so that nothing jumps. */
function Room({ isTall = false }: { isTall?: boolean }): ReactNode {
  return (
    <div className={classes.canvas} data-tall={isTall || undefined}>
      <Loading lines={4} />
    </div>
  );
}

function Numbers({ table, label }: { table: Table; label: string }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const [first, ...others] = table.head;
  return (
    <details className={classes.details} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}</summary>
      {!isOpen ? null : (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">{first}</th>
                {others.map((each, at) => (
                  <th scope="col" key={at}>
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map(([head, ...cells], at) => (
                <tr key={at}>
                  <th scope="row">{head}</th>
                  {cells.map((each, column) => (
                    <td className="num" key={column}>
                      {each}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
