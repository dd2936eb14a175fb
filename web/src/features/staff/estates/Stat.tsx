import type { ReactNode } from "react";
import { Link } from "react-router";
import classes from "./Estates.module.css";

interface StatProps {
  name: string;
  value: ReactNode;
  hint?: ReactNode;
  /** Of ten thousand: a bar that only repeats what the value says. */
  part?: number;
  /** The list behind the figure. */
  to?: string;
}

/** One figure of an estate; it leads to what it counts. */
export function Stat({ name, value, hint, part, to }: StatProps): ReactNode {
  const inside = (
    <>
      <span className={classes.statName}>{name}</span>
      <span className={classes.statValue}>{value}</span>
      {hint === undefined ? null : <span className={classes.statHint}>{hint}</span>}
      {part === undefined ? null : (
        <span className={classes.bar} aria-hidden>
          <span style={{ width: `${part / 100}%` }} />
        </span>
      )}
    </>
  );
  return to === undefined ? <div className={classes.stat}>{inside}</div> : <Link to={to} className={classes.stat}>{inside}</Link>;
}

export function Stats({ children, label }: { children: ReactNode; label: string }): ReactNode {
  return (
    <section className={classes.stats} aria-label={label}>
      {children}
    </section>
  );
}
