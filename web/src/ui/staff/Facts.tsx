import type { ReactNode } from "react";
import classes from "./Facts.module.css";

/** What is known of a thing, each with its name: side by side on wide screens, one below the other on phones. */
export function Facts({ children }: { children: ReactNode }): ReactNode {
  return <dl className={classes.facts}>{children}</dl>;
}

/** One of `Facts`; `hint` is what explains it. Nothing known is a dash. */
export function Fact({ label, hint, children }: { label: string; hint?: ReactNode; children?: ReactNode }): ReactNode {
  const isNothing = children === null || children === undefined || children === "";
  return (
    <div className={classes.fact}>
      <dt>{label}</dt>
      <dd>
        {isNothing ? <span className="quiet">–</span> : children}
        {hint === undefined || hint === null ? null : <span className={classes.hint}>{hint}</span>}
      </dd>
    </div>
  );
}
