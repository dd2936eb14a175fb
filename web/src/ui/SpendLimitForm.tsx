import { Button, Switch, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, type Schemas } from "@api";
import { Notice, Wrong } from "./states";
import { readAmount, writeAmount } from "./typed";
import classes from "./SpendLimitForm.module.css";

interface SpendLimitFormProps {
  /** null where the wallet has none. */
  limit: Schemas["SpendLimitOut"] | null;
  path: { estate_id: number; wallet_id: number };
  currency: string;
  onDone?: () => void;
}

/** What a wallet may spend in a day and a month; for whoever may do everything with it. */
export function SpendLimitForm({ limit, path, currency, onDone }: SpendLimitFormProps): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const [daily, setDaily] = useState(typed(limit?.daily));
  const [monthly, setMonthly] = useState(typed(limit?.monthly));
  const [isCutting, setIsCutting] = useState(limit?.is_cutting ?? false);
  const [wrong, setWrong] = useState<"limitWrong" | "limitNone" | null>(null);
  const done = (): void => {
    refreshEstate(path.estate_id);
    onDone?.();
  };
  const save = $api.useMutation("put", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spend-limit", { onSuccess: done });
  const remove = $api.useMutation("delete", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spend-limit", {
    onSuccess: () => {
      setDaily("");
      setMonthly("");
      setIsCutting(false);
      save.reset();
      done();
    },
  });
  const submit = (): void => {
    const [day, month] = [daily, monthly].map((each) => (each.trim() === "" ? null : (readAmount(each) ?? undefined)));
    if (day === undefined || month === undefined) return setWrong("limitWrong");
    if (day === null && month === null) return setWrong("limitNone");
    setWrong(null);
    save.mutate({ params: { path }, body: { daily: day, monthly: month, is_cutting: isCutting } });
  };
  const error = wrong === null ? null : t(wrong);
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextInput label={t("daily", { currency })} inputMode="decimal" value={daily} error={error} onChange={(event) => setDaily(event.currentTarget.value)} />
      <TextInput label={t("monthly", { currency })} inputMode="decimal" value={monthly} error={error} onChange={(event) => setMonthly(event.currentTarget.value)} />
      <Switch size="md" label={t("cutting")} checked={isCutting} onChange={(event) => setIsCutting(event.currentTarget.checked)} />
      <div className={classes.actions}>
        <Button type="submit" variant="default" loading={save.isPending}>
          {t("common:save")}
        </Button>
        {limit === null ? null : (
          <Button variant="subtle" loading={remove.isPending} onClick={() => remove.mutate({ params: { path } })}>
            {t("removeLimit")}
          </Button>
        )}
      </div>
      {/* below the buttons, so that none moves under a finger that taps twice */}
      <Wrong error={save.error ?? remove.error} />
      {save.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
    </form>
  );
}

function typed(money: Schemas["Money"] | null | undefined): string {
  return money == null ? "" : writeAmount(money.amount);
}
