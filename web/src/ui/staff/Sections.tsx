import type { ReactNode } from "react";
import { NavLink } from "react-router";
import classes from "./Sections.module.css";

/** The pages of one area, side by side below its title; pushed sideways on phones. */
export function Sections({ label, of }: { label: string; of: [to: string, word: string][] }): ReactNode {
  return (
    <nav aria-label={label} className={classes.sections}>
      {of.map(([to, word]) => (
        <NavLink key={to} to={to} end className={classes.section!}>
          {word}
        </NavLink>
      ))}
    </nav>
  );
}
