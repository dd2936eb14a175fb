import type { ReactNode } from "react";
import { useRouteError } from "react-router";
import { problemOf } from "@api";
import { Failure } from "@ui";
import classes from "./Broken.module.css";

/** Something in a page broke, or its file is gone since the app was renewed: loading again is the way out. */
export function Broken(): ReactNode {
  const error = useRouteError();
  return (
    <main className={classes.main}>
      <Failure problem={problemOf(error)} retry={() => window.location.reload()} />
    </main>
  );
}
