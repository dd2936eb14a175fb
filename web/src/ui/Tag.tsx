import type { ReactNode } from "react";
import classes from "./Tag.module.css";

export type TagTone = "good" | "low" | "out" | "asked" | "plain";

/** A state as a word with its icon; the colour only helps. */
export function Tag({ tone = "plain", icon, children }: { tone?: TagTone; icon?: ReactNode; children: ReactNode }): ReactNode {
  return (
    <span className={classes.tag} data-tone={tone}>
      {icon}
      {children}
    </span>
  );
}
