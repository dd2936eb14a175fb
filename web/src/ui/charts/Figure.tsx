import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Loading } from "../states";
import type { CanvasProps } from "./Canvas";
import classes from "./Charts.module.css";

const Canvas = lazy(() => import("./Canvas"));
/** How far below the window a chart may be when it is drawn. */
const NEAR = "200px";

/** The numbers of a chart, exact, as a table: the first cell of a row is its head. */
export interface Table {
  head: string[];
  rows: string[][];
}

interface FigureProps extends CanvasProps {
  table: Table;
  /** What the marks and colours mean, in words. */
  legend?: { name: string; colour: number; isLine?: boolean }[];
}

/** A chart: in words, as a picture once it comes into the window, and as a table for whoever asks. */
export function Figure({ summary, table, legend = [], ...canvas }: FigureProps): ReactNode {
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
          <Canvas summary={summary} {...canvas} />
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

function useSeen(box: React.RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen) return undefined;
    const watcher = new IntersectionObserver((seen) => setSeen(seen.some((each) => each.isIntersecting)), { rootMargin: NEAR });
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, [box, isSeen]);
  return isSeen;
}
