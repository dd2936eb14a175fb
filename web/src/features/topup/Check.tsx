import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf, type Place } from "@api";
import { Notice, sentence, useFormats } from "@ui";
import type { Order } from "./TopUpPage";
import classes from "./TopUp.module.css";

interface CheckProps {
  order: Order;
  place: Place;
  isPaying: boolean;
  error: unknown;
  onPay: (outcome: "paid" | "declined") => void;
  onChange: () => void;
}

/** What will be paid, once more, and what became of a try. */
export function Check({ order, place, isPaying, error, onPay, onChange }: CheckProps): ReactNode {
  const { t } = useTranslation(["topup", "common"]);
  const formats = useFormats(place.estate);
  const amount = formats.money(order.amount);
  return (
    <div className={classes.form}>
      <h2>{t("check")}</h2>
      <dl className={classes.facts}>
        <dt>{t("checkAmount")}</dt>
        <dd className={`${classes.big} num`}>{amount}</dd>
        <dt>{t("checkFor")}</dt>
        <dd>{order.utility === null ? t("asAgreed") : t(`common:utility.${order.utility}`)}</dd>
        <dt>{t("checkHome")}</dt>
        <dd>
          {place.unitName}, {place.estate.name}
        </dd>
      </dl>
      <Notice>{t("pretend")}</Notice>
      {isPaying ? (
        <Notice role="status">
          <strong>{t("paying")}</strong>
          <p>{t("payingHint")}</p>
        </Notice>
      ) : (
        <Why error={error} />
      )}
      <Button size="lg" fullWidth loading={isPaying} onClick={() => onPay("paid")}>
        {t("pay", { amount })}
      </Button>
      <div className={classes.pair}>
        <Button variant="default" disabled={isPaying} onClick={onChange}>
          {t("change")}
        </Button>
        <Button variant="subtle" disabled={isPaying} onClick={() => onPay("declined")}>
          {t("decline")}
        </Button>
      </div>
    </div>
  );
}

function Why({ error }: { error: unknown }): ReactNode {
  const { t } = useTranslation("topup");
  if (error === null || error === undefined) return null;
  const { code, status, detail } = problemOf(error);
  const isUncertain = status === 0 || status >= 500;
  const title = code === "payment_declined" ? t("declined") : isUncertain ? t("failed") : sentence(detail);
  const hint = code === "payment_declined" ? t("declinedHint") : isUncertain ? t("failedHint") : null;
  return (
    <Notice tone="out" role="alert">
      <strong>{title}</strong>
      {hint === null ? null : <p>{hint}</p>}
    </Notice>
  );
}
