import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSupplies, type Place } from "@api";
import { micro, readAmount, useFormats } from "@ui";
import type { Order, Utility } from "./TopUpPage";
import classes from "./TopUp.module.css";

const QUICK = ["50", "100", "200", "500"];

interface AmountFormProps {
  place: Place;
  /** The most of a single top-up; null is no limit. */
  limit: string | null;
  before: Order | null;
  onOrder: (amount: string, utility: Utility | null) => void;
}

/** How much and for what; what brings a supply back is one of the amounts. */
export function AmountForm({ place, limit, before, onOrder }: AmountFormProps): ReactNode {
  const { t } = useTranslation(["topup", "common"]);
  const formats = useFormats(place.estate);
  const supplies = useSupplies(place);
  const [typed, setTyped] = useState(before?.amount ?? "200");
  const off = supplies.data?.items.find((each) => each.to_restore !== null && !each.is_on);
  const [chosen, setChosen] = useState<string | null>(before === null ? null : (before.utility ?? ""));
  const utility = chosen ?? off?.utility ?? "";
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = (): void => {
    const amount = readAmount(typed);
    if (amount === null || micro(amount) === 0n) setWrong(t("amountWrong"));
    else if (limit !== null && micro(amount) > micro(limit)) setWrong(t("amountLimit", { limit: formats.money(limit) }));
    else onOrder(amount, utility === "" ? null : (utility as Utility));
  };
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <fieldset className={classes.quick}>
        <legend>{t("how")}</legend>
        {QUICK.map((each) => (
          <button key={each} type="button" aria-pressed={typed === each} className={classes.choice} onClick={() => setTyped(each)}>
            {formats.money(each, { whole: true })}
          </button>
        ))}
      </fieldset>
      <TextInput
        label={t("amount", { currency: place.estate.currency })}
        inputMode="decimal"
        autoComplete="off"
        value={typed}
        error={wrong}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(null);
        }}
      />
      <NativeSelect label={t("where")} value={utility} onChange={(event) => setChosen(event.currentTarget.value)}>
        <option value="">{t("asAgreed")}</option>
        {place.wallet.balances.map((each) => (
          <option key={each.utility} value={each.utility}>
            {t(`common:utility.${each.utility}`)}
          </option>
        ))}
      </NativeSelect>
      <Button type="submit" size="lg" fullWidth>
        {t("next")}
      </Button>
    </form>
  );
}
