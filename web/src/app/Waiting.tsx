import { IconClockHour4 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useOutbox, usePlace } from "@api";
import { pathOf } from "./PlaceShell";
import classes from "./Connection.module.css";

/** Say on every page that something was not sent yet, and lead to it; nothing while nothing waits. */
export function Waiting(): ReactNode {
  const { t } = useTranslation("outbox");
  const place = usePlace();
  const { items } = useOutbox();
  if (items.length === 0) return null;
  const isReadings = items.every((each) => each.kind === "manual_reading");
  const refused = items.filter((each) => each.state === "refused").length;
  return (
    <div role="status">
      <Link to={`${pathOf(place)}/outbox`} className={classes.line}>
        <IconClockHour4 aria-hidden size={20} />
        {refused > 0 ? t(isReadings ? "lineRefused" : "anyRefused", { count: refused }) : t(isReadings ? "line" : "any", { count: items.length })}
      </Link>
    </div>
  );
}
