import { useEffect, type ReactNode } from "react";
import classes from "./Page.module.css";

interface PageProps {
  title: string;
  /** What stands beside the title: a state, an action. */
  aside?: ReactNode;
  /** The title is for screen readers alone: the page begins with what matters more. */
  isTitleHidden?: boolean;
  children: ReactNode;
}

/** A page: its one heading, its title in the browser, its width. */
export function Page({ title, aside, isTitleHidden = false, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Mita`;
  }, [title]);
  return (
    <div className={classes.page}>
      <div className={isTitleHidden ? classes.hidden : classes.head}>
        <h1 tabIndex={-1}>{title}</h1>
        {aside}
      </div>
      {children}
    </div>
  );
}

interface CardProps {
  title?: string;
  action?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A part of a page, with its heading. */
export function Card({ title, action, className, children }: CardProps): ReactNode {
  return (
    <section className={`${classes.card} ${className ?? ""}`} aria-label={title}>
      {(title ?? action) === undefined ? null : (
        <header className={classes.cardHead}>
          <h2>{title}</h2>
          {action}
        </header>
      )}
      {children}
    </section>
  );
}
