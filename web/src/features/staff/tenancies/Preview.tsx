import { Button } from "@mantine/core";
import { IconCash, IconDoorEnter, IconDoorExit, IconGauge, IconLock, IconMail, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEstate, type Schemas } from "@api";
import { Card, isNegative, Notice, useFormats, Wrong } from "@ui";
import classes from "./Tenancies.module.css";

export type Handover = Schemas["HandoverOut"];

interface PreviewProps {
  handover: Handover;
  /** Who moves, by name. */
  name: string;
  isDone: boolean;
  isPending: boolean;
  error: unknown;
  onDo: () => void;
}

/** What a handover will do, or did, in sentences: who, what is charged, where the money goes, who sees what. */
export function Preview({ handover, name, isDone, isPending, error, onDo }: PreviewProps): ReactNode {
  const { t } = useTranslation("tenancies");
  const isIn = handover.kind === "onboard";
  return (
    <Card title={isDone ? t("done") : t("will")}>
      {isDone ? (
        <Notice tone="good" role="status">
          {t("doneHint")}
        </Notice>
      ) : null}
      <Sentences handover={handover} name={name} />
      <Wrong error={error} />
      {isDone ? (
        <div className={classes.buttons}>
          <Button component={Link} to={`../../units/${handover.unit_id}`} relative="path" variant="default">
            {t("toUnit")}
          </Button>
          <Button component={Link} to=".." relative="path" variant="default">
            {t("toAll")}
          </Button>
        </div>
      ) : (
        <Button onClick={onDo} loading={isPending} data-autofocus>
          {isIn ? t("doIn", { name }) : t("doOut", { name })}
        </Button>
      )}
    </Card>
  );
}

/** Only what there is to tell. */
function Sentences({ handover, name }: { handover: Handover; name: string }): ReactNode {
  const { t } = useTranslation(["tenancies", "common"]);
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const isIn = handover.kind === "onboard";
  const day = (on: string): string => formats.date(on);
  const total = handover.total.amount;
  const told: [Icon, string][] = [
    isIn
      ? [IconDoorEnter, t("movesIn", { name, day: day(handover.from_on) })]
      : [IconDoorExit, t("movesOut", { name, day: handover.until_on === null ? "" : day(handover.until_on) })],
  ];
  for (const { meter, value, class: became } of handover.readings) {
    told.push([IconGauge, t("reads", { meter, value: formats.quantity(value.amount, value.unit), became: t(`class.${became}`) })]);
  }
  if (!/^0(\.0*)?$/.test(handover.charged.amount)) told.push([IconCash, t("charges", { amount: formats.money(handover.charged.amount) })]);
  told.push([IconCash, t(`outcome.${handover.outcome}`, { amount: formats.money(isNegative(total) ? total.slice(1) : total), side: isNegative(total) ? t("owed") : t("left") })]);
  if (isIn) told.push([IconLock, t("manages", { name })]);
  if (handover.taken_from.length > 0) told.push([IconLock, t("loses", { count: handover.taken_from.length })]);
  if (handover.messages.length > 0) told.push([IconMail, t("isTold", { ways: handover.messages.map((each) => t(`way.${each}`, { defaultValue: each })).join(", ") })]);
  return (
    <ul className={classes.will}>
      {told.map(([Icon, words], at) => (
        <li key={at}>
          <Icon aria-hidden size={20} />
          <span>{words}</span>
        </li>
      ))}
    </ul>
  );
}
