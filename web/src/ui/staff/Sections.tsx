import { useEffect, useRef, type ReactNode } from "react";
import { NavLink, useLocation } from "react-router";
import classes from "./Sections.module.css";

/** The pages of one area, side by side below its title; pushed sideways on phones. */
export function Sections({ label, of }: { label: string; of: [to: string, word: string][] }): ReactNode {
  const nav = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // on phones the one that is shown may lie beyond the edge
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [pathname]);
  return (
    <nav ref={nav} aria-label={label} className={classes.sections}>
      {of.map(([to, word]) => (
        <NavLink key={to} to={to} end className={classes.section!}>
          {word}
        </NavLink>
      ))}
    </nav>
  );
}
