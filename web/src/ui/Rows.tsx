import type { ReactNode } from "react";
import { Link } from "react-router";
import classes from "./Rows.module.css";

export function Rows({ children, label }: { children: ReactNode; label?: string }): ReactNode {
  return (
    <ul className={classes.rows} aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  icon?: ReactNode;
  title: ReactNode;
  hint?: ReactNode;
  value?: ReactNode;
  valueHint?: ReactNode;
  to?: string;
  children?: ReactNode;
}

/** One line of a list: what, when, how much; the whole line leads on where there is somewhere to go. */
export function Row(row: RowProps): ReactNode {
  return (
    <li className={classes.row}>
      <RowLine {...row} />
    </li>
  );
}

/** What stands in a row, without the `li` around it: for lists that make their own, such as `VirtualRows`. */
export function RowLine({ icon, title, hint, value, valueHint, to, children }: RowProps): ReactNode {
  const inside = (
    <>
      {icon === undefined ? null : (
        <span className={classes.icon} aria-hidden>
          {icon}
        </span>
      )}
      <span className={classes.what}>
        <span className={classes.title}>{title}</span>
        {hint === undefined ? null : <span className={classes.hint}>{hint}</span>}
      </span>
      {value === undefined ? null : (
        <span className={classes.value}>
          <span className="num">{value}</span>
          {valueHint === undefined ? null : <span className={classes.hint}>{valueHint}</span>}
        </span>
      )}
    </>
  );
  return (
    <>
      {to === undefined ? <div className={classes.line}>{inside}</div> : <Link to={to} className={classes.line}>{inside}</Link>}
      {children}
    </>
  );
}
