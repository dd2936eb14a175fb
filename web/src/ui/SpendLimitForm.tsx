import { Button, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, asShown, beganWith, carriedOut, refreshEstate, type Schemas } from "@api";
import { Notice, Wrong } from "./states";
import { readAmount, writeAmount } from "./typed";
import classes from "./SpendLimitForm.module.css";

const ONE = "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spend-limit";

interface SpendLimitFormProps {
  /** null where the wallet has none. */
  limit: Schemas["SpendLimitOut"] | null;
  path: { estate_id: number; wallet_id: number };
  currency: string;
  onDone?: () => void;
}

/** What a wallet may spend in a day and a month; for whoever may do everything with it. */
export function SpendLimitForm({ limit, path, currency, onDone }: SpendLimitFormProps): ReactNode {
  const done = (): void => {
    refreshEstate(path.estate_id);
    onDone?.();
  };
  const again = (): void => refreshEstate(path.estate_id);
  const said = (each: Schemas["SpendLimitOut"]): unknown => [each.daily, each.monthly, each.is_cutting];
  const condition = () => asShown(() => api.GET(ONE, { params: { path } }), limit, said);
  const save = useMutation({
    mutationFn: async (body: Schemas["SpendLimitIn"]) => carriedOut(await api.PUT(ONE, { params: { path, header: await condition() }, body })),
    onSuccess: done,
    onError: again,
  });
  const remove = useMutation({
    mutationFn: async () => carriedOut(await api.DELETE(ONE, { params: { path, header: await condition() } })),
    onError: again,
    onSuccess: done,
  });
  const begun = beganWith(save.error ?? remove.error, limit === null ? null : said(limit));
  return <Limits key={`${begun} ${limit === null}`} limit={limit} currency={currency} saving={save} removing={remove} save={save.mutate} remove={remove.mutate} />;
}

interface Change {
  isPending: boolean;
  isSuccess: boolean;
  error: unknown;
}

interface LimitsProps {
  limit: Schemas["SpendLimitOut"] | null;
  currency: string;
  saving: Change;
  removing: Change;
  save: (body: Schemas["SpendLimitIn"]) => void;
  remove: () => void;
}

function Limits({ limit, currency, saving, removing, save, remove }: LimitsProps): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const [daily, setDaily] = useState(typed(limit?.daily));
  const [monthly, setMonthly] = useState(typed(limit?.monthly));
  const [isCutting, setIsCutting] = useState(limit?.is_cutting ?? false);
  const [wrong, setWrong] = useState<"limitWrong" | "limitNone" | null>(null);
  const submit = (): void => {
    const [day, month] = [daily, monthly].map((each) => (each.trim() === "" ? null : (readAmount(each) ?? undefined)));
    if (day === undefined || month === undefined) return setWrong("limitWrong");
    if (day === null && month === null) return setWrong("limitNone");
    setWrong(null);
    save({ daily: day, monthly: month, is_cutting: isCutting });
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
        <Button type="submit" variant="default" loading={saving.isPending}>
          {t("common:save")}
        </Button>
        {limit === null ? null : (
          <Button variant="subtle" loading={removing.isPending} onClick={remove}>
            {t("removeLimit")}
          </Button>
        )}
      </div>
      {/* below the buttons, so that none moves under a finger that taps twice */}
      <Wrong error={saving.error ?? removing.error} />
      {saving.isSuccess ? (
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
