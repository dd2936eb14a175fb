import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { Connection } from "./Connection";
import classes from "./Shell.module.css";

interface FrameProps {
  /** The bar at the top: where the reader is, and what they can change about it. */
  head: ReactNode;
  nav: ReactNode;
  navLabel: string;
  navClass?: string;
  /** When what is on the page was last told, and the clock that says so. */
  at: number;
  of?: { currency: string; time_zone: string };
  children: ReactNode;
}

/** What every page stands in: the bar, the ways around, what is known of the connection, and the page. */
export function Frame({ head, nav, navLabel, navClass, at, of, children }: FrameProps): ReactNode {
  const { t } = useTranslation();
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    // who reads with a screen reader or keyboard begins at the top of the new page
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    window.scrollTo(0, 0);
  }, [pathname]);
  return (
    <div className={classes.shell}>
      <a href="#main" className="skip">
        {t("skip")}
      </a>
      <header className={classes.bar}>{head}</header>
      <nav className={navClass ?? classes.nav} aria-label={navLabel}>
        {nav}
      </nav>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Connection at={at} of={of} />
        {children}
      </main>
    </div>
  );
}
