import { Button, Switch, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, refreshEstate, type Place, type Schemas } from "@api";
import { Card, Failure, Wrong, Loading, Notice, readAmount, useFormats } from "@ui";
import type { WalletPath } from "./People";
import classes from "./Household.module.css";

type Limit = Schemas["SpendLimitOut"];

/** What may be spent in a day and a month. A wallet without limits answers 404, which is no error here. */
export function Limits({ path, place, isManager }: { path: WalletPath; place: Place; isManager: boolean }): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const formats = useFormats(place.estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spend-limit", { params: { path } });
  const problem = asked.isError ? problemOf(asked.error as unknown) : null;
  const limit = problem?.status === 404 ? null : asked.data;
  return (
    <Card title={t("limits")}>
      <p className="quiet small">{t("limitsHint")}</p>
      {asked.isPending ? (
        <Loading />
      ) : limit === undefined ? (
        <Failure problem={problem!} retry={() => void asked.refetch()} />
      ) : (
        <>
          <p>
            {limit === null
              ? t("noLimits")
              : t("spent", { today: formats.money(limit.spent_today.amount), month: formats.money(limit.spent_this_month.amount) })}
          </p>
          {isManager ? <LimitForm key={limit?.updated_at ?? ""} limit={limit} path={path} place={place} /> : <p className="quiet small">{t("onlyManagers")}</p>}
        </>
      )}
    </Card>
  );
}

function LimitForm({ limit, path, place }: { limit: Limit | null; path: WalletPath; place: Place }): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const [daily, setDaily] = useState(typed(limit?.daily));
  const [monthly, setMonthly] = useState(typed(limit?.monthly));
  const [isCutting, setIsCutting] = useState(limit?.is_cutting ?? false);
  const [wrong, setWrong] = useState(false);
  const save = $api.useMutation("put", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spend-limit", {
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const submit = (): void => {
    const [day, month] = [daily, monthly].map((each) => (each === "" ? null : (readAmount(each) ?? undefined)));
    if (day === undefined || month === undefined) return setWrong(true);
    setWrong(false);
    save.mutate({ params: { path }, body: { daily: day, monthly: month, is_cutting: isCutting } });
  };
  const { currency } = place.estate;
  const error = wrong ? t("limitWrong") : null;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Wrong error={save.error} />
      {save.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
      <TextInput label={t("daily", { currency })} inputMode="decimal" value={daily} error={error} onChange={(event) => setDaily(event.currentTarget.value)} />
      <TextInput label={t("monthly", { currency })} inputMode="decimal" value={monthly} error={error} onChange={(event) => setMonthly(event.currentTarget.value)} />
      <Switch size="md" label={t("cutting")} checked={isCutting} onChange={(event) => setIsCutting(event.currentTarget.checked)} />
      <Button type="submit" variant="default" loading={save.isPending}>
        {t("common:save")}
      </Button>
    </form>
  );
}

function typed(money: Schemas["Money"] | null | undefined): string {
  return money == null ? "" : money.amount.replace(/\.?0+$/, "");
}
