import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "@api";
import { Notice } from "@ui";
import { negated, type Say, type Told } from "./say";
import { causeOf } from "./words";
import classes from "./Told.module.css";

interface LaterProps {
  later: Schemas["LaterCorrectionOut"];
  subject: Told["subject"];
  say: Say;
}

/** That the same was charged again later: why, from what to what, and where it is booked. */
export function Later({ later, subject, say }: LaterProps): ReactNode {
  const { t, exact } = say;
  // what somebody is given is worth something to them: it is told so above, too
  const isGiven = subject === "sharing" || subject === "solar_credit";
  const shown = (amount: string): string => exact.money(isGiven ? negated(amount) : amount);
  const became = { old: shown(later.old.gross.amount), new: shown(later.new.gross.amount), since: exact.moment(later.since) };
  const sentences = [t("later.when", { when: exact.day(later.booked_at) }), ...later.causes.map((each) => causeOf(each, say)), t("later.became", became)];
  if (later.seq === null) sentences.push(t(subject === "sharing" ? "later.noMoney" : "later.within"));
  return (
    <Notice tone="low">
      <strong>{t("later.title")}</strong>
      <p>{sentences.join(" ")}</p>
      {later.seq === null ? null : (
        <Link to={`../${later.seq}`} relative="path" className={classes.see}>
          {t("later.see")}
        </Link>
      )}
    </Notice>
  );
}
