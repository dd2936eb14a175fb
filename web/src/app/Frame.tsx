import type { Icon } from "@tabler/icons-react";
import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, useLocation } from "react-router";
import { Sign } from "@ui";
import { Connection } from "./Connection";
import classes from "./Shell.module.css";

export interface Way {
  to: string;
  word: string;
  icon: Icon;
  isEnd: boolean;
  /** Phones have room for five. */
  isOnPhone: boolean;
}

interface FrameProps {
  /** Where the sign in the corner leads, what it is called, and what phones show in its place. */
  brand: { to: string; word: string; icon?: Icon };
  bar: ReactNode;
  ways: Way[];
  /** When the money on the page was last told. */
  at: number;
  /** By whose clock that is told. */
  of: { currency: string; time_zone: string };
  children: ReactNode;
}

/** What frames have in common: the bar on top, the ways around, and how old the figures are. */
export function Frame({ brand, bar, ways, at, of, children }: FrameProps): ReactNode {
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
  const Corner = brand.icon;
  return (
    <div className={classes.shell}>
      <a href="#main" className="skip">
        {t("skip")}
      </a>
      <header className={classes.bar}>
        <Link to={brand.to} className={classes.brand} aria-label={brand.word} data-has-icon={Corner === undefined ? undefined : true}>
          {Corner === undefined ? null : <Corner aria-hidden className={classes.corner} size={24} stroke={1.8} />}
          <Sign />
          <span>Mita</span>
        </Link>
        {bar}
      </header>
      <nav className={classes.nav} aria-label={t("nav.label")}>
        {ways.map(({ to, word, icon: Icon, isEnd, isOnPhone }) => (
          <NavLink key={to} to={to} end={isEnd} className={classes.way} data-wide-only={isOnPhone ? undefined : true}>
            <Icon aria-hidden size={24} stroke={1.8} />
            <span>{word}</span>
          </NavLink>
        ))}
      </nav>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Connection at={at} of={of} />
        {children}
      </main>
    </div>
  );
}
