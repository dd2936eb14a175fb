import { IconCloudOff } from "@tabler/icons-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { refresh, refreshEstate, useLiveState, useSession } from "@api";
import { HERE, useFormats } from "@ui";
import classes from "./Connection.module.css";

/** Older than this, figures say from when they are. */
const OLD_MS = 90_000;
const LOOK_MS = 15_000;

/** Say how old the figures are where they do not follow by themselves; say nothing while all is well. */
export function Connection({ at, of = HERE }: { at: number; of?: { currency: string; time_zone: string } }): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const live = useLiveState();
  const formats = useFormats(of);
  const now = useClock();
  const isOffline = session === "offline";
  useEffect(() => {
    const again = (): void => void refresh().then((isBack) => isBack && refreshEstate(undefined));
    window.addEventListener("online", again);
    return () => window.removeEventListener("online", again);
  }, []);
  useEffect(() => {
    if (isOffline) void refresh().then((isBack) => isBack && refreshEstate(undefined));
  }, [isOffline, now]);
  if (!isOffline && (live === "live" || now - at < OLD_MS)) return null;
  return (
    // what lasts has a place of its own; what passes in a moment moves nothing
    <p className={isOffline ? classes.line : classes.pill} role="status">
      <IconCloudOff aria-hidden size={20} />
      {t(isOffline ? "state.lastKnown" : "state.asOf", { time: formats.moment(at) })}
    </p>
  );
}

function useClock(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
