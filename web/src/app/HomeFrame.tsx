import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink } from "react-router";
import { Sign } from "@ui";
import { Frame } from "./Frame";
import classes from "./Shell.module.css";

export interface Way {
  to: string;
  word: string;
  icon: Icon;
  isEnd: boolean;
  /** Phones have room for five. */
  isOnPhone: boolean;
}

interface HomeFrameProps {
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

/** What the frames of those who live somewhere have in common: the ways lie at the thumb on phones, at the side on wide screens. */
export function HomeFrame({ brand, bar, ways, at, of, children }: HomeFrameProps): ReactNode {
  const { t } = useTranslation();
  const Corner = brand.icon;
  return (
    <Frame
      navLabel={t("nav.label")}
      at={at}
      of={of}
      head={
        <>
          <Link to={brand.to} className={classes.brand} aria-label={brand.word} data-has-icon={Corner === undefined ? undefined : true}>
            {Corner === undefined ? null : <Corner aria-hidden className={classes.corner} size={24} stroke={1.8} />}
            <Sign />
            <span>Mita</span>
          </Link>
          {bar}
        </>
      }
      nav={ways.map(({ to, word, icon: Icon, isEnd, isOnPhone }) => (
        <NavLink key={to} to={to} end={isEnd} className={classes.way} data-wide-only={isOnPhone ? undefined : true}>
          <Icon aria-hidden size={24} stroke={1.8} />
          <span>{word}</span>
        </NavLink>
      ))}
    >
      {children}
    </Frame>
  );
}
