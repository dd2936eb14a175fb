import { useEffect, useState, type ReactNode } from "react";
import { useRouteError } from "react-router";
import { problemOf } from "@api";
import { Failure, Loading, NoFile } from "@ui";
import classes from "./Broken.module.css";

const RENEWED = "mita.renewed-at";
const AGAIN_MS = 60_000;

/** Whether loading anew may help: the files of an app that was renewed have other names. The worker keeps it from ending in an empty window where there is no connection. */
function mayBeRenewed(error: unknown): boolean {
  const hasWorker = navigator.serviceWorker?.controller != null;
  return error instanceof NoFile && hasWorker && Date.now() - Number(sessionStorage.getItem(RENEWED) ?? 0) > AGAIN_MS;
}

/** Something in a page broke; one whose file is gone since the app was renewed is loaded anew, at the address that was asked for. */
export function Broken(): ReactNode {
  const error = useRouteError();
  const [isRenewing] = useState(() => mayBeRenewed(error));
  useEffect(() => {
    if (!isRenewing) return;
    sessionStorage.setItem(RENEWED, String(Date.now()));
    window.location.reload();
  }, [isRenewing]);
  return (
    <main className={classes.main}>
      {isRenewing ? <Loading /> : <Failure problem={problemOf(error)} retry={() => window.location.reload()} />}
    </main>
  );
}
