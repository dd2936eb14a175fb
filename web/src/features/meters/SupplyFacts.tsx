import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Place, Schemas } from "@api";
import { Notice, sentence, supplyWord, useFormats } from "@ui";
import classes from "./Meters.module.css";

type Supply = Schemas["WalletSupply"];

/** Why a supply is off or will be, and what brings it back. */
export function SupplyFacts({ supply, place }: { supply: Supply; place: Place }): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const formats = useFormats(place.estate);
  const utility = t(`common:utility.${supply.utility}`);
  const word = supplyWord(supply);
  return (
    <div className={classes.facts}>
      {supply.stops.map((stop) => (
        <Notice key={stop.cause} tone={supply.is_on ? "low" : "out"}>
          <strong>{t(`cause.${stop.cause}`)}</strong>
          <p>
            {stop.cause === "staff" ? `${sentence(stop.reason)} ` : null}
            {word === "on" ? t("deferred", { time: formats.moment(stop.due_at) }) : t("since", { time: formats.moment(stop.since) })}
          </p>
          {stop.cause === "balance" && supply.to_restore !== null ? (
            <>
              <p>{t("restore", { amount: formats.money(supply.to_restore.amount), utility })}</p>
              <Button component={Link} to="../top-up">
                {t("topUp")}
              </Button>
            </>
          ) : null}
          {stop.cause === "spend_limit" ? <Link to="../household">{t("limits")}</Link> : null}
        </Notice>
      ))}
      {word === "askedOn" || word === "askedOff" ? <Notice>{t(word)}</Notice> : null}
      {supply.stops.length > 0 ? null : (
        <p className="quiet small">
          {supply.is_cutting
            ? t("cutLine", { cut: formats.money(supply.cut_line.amount), restore: formats.money(supply.restore_line.amount) })
            : t("neverCut")}
        </p>
      )}
    </div>
  );
}
