import { IconAlertTriangle, IconCircleCheck, IconHourglass } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { sentence, Tag, useFormats } from "@ui";
import { isOpen } from "./known";
import classes from "./Supply.module.css";

type Command = Schemas["mita__credit__schemas__supplies__CommandOut"];
const STEPS = ["asked", "queued", "sent", "acknowledged", "confirmed"] as const;

/** What was asked of a device, newest first, each with the steps that it took. */
export function Timeline({ commands }: { commands: Command[] }): ReactNode {
  const { t } = useTranslation("supplies");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <ol className={classes.timeline}>
      {commands.map((each) => (
        <li key={each.command_id} data-state={each.state}>
          <div className={classes.what}>
            <strong>{each.limit_w === null ? t(`action.${each.action}`) : t("limitTo", { watts: formats.number(each.limit_w) })}</strong>
            <StepTag state={each.state} />
          </div>
          <Steps command={each} />
          <p className="quiet small">
            {sentence(each.reason)} {t("askedAt", { time: formats.moment(each.asked_at), balance: formats.money(each.balance.amount) })}{" "}
            {each.changed_at === each.asked_at ? null : t("changedAt", { time: formats.moment(each.changed_at) })}{" "}
            {isOpen(each) ? t("expiresAt", { time: formats.moment(each.expires_at) }) : null}
          </p>
          {each.failure ? <p>{sentence(each.failure)}</p> : null}
        </li>
      ))}
    </ol>
  );
}

export function StepTag({ state }: { state: Command["state"] }): ReactNode {
  const { t } = useTranslation("supplies");
  const Icon = state === "confirmed" ? IconCircleCheck : state === "failed" ? IconAlertTriangle : IconHourglass;
  return (
    <Tag tone={state === "confirmed" ? "good" : state === "failed" ? "out" : "asked"} icon={<Icon aria-hidden />}>
      {t(`step.${state}`)}
    </Tag>
  );
}

/** How far a command got; one that failed shows no step as done. */
function Steps({ command: { state } }: { command: Command }): ReactNode {
  const reached = STEPS.indexOf(state as "asked");
  if (reached < 0) return null;
  return (
    <span className={classes.steps} aria-hidden>
      {STEPS.map((each, at) => (
        <span key={each} data-reached={at <= reached || undefined} data-last={at === STEPS.length - 1 || undefined} />
      ))}
    </span>
  );
}
