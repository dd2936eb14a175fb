import type { ReactNode } from "react";
import { micro } from "@ui";
import classes from "./Family.module.css";

const WIDTH = 1000n;

/** How much of something is used; what it says stands beside it in words. */
export function Bar({ part, whole }: { part: string; whole: string }): ReactNode {
  const [of, all] = [micro(part), micro(whole)];
  const end = all <= 0n || of >= all ? WIDTH : of <= 0n ? 0n : (of * WIDTH) / all;
  return (
    <svg className={classes.bar} viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden>
      <rect width={`${end}`} height="10" data-full={of >= all ? true : undefined} />
    </svg>
  );
}
