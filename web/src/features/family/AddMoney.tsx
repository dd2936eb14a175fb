import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, sentAgain, type Estate } from "@api";
import { Card, Notice, readAmount, Show, useFormats, Wrong } from "@ui";
import type { GroupPath } from "./GroupPage";
import classes from "./Family.module.css";

/** Money into the group; where it cannot be paid here, how it gets there. */
export function AddMoney({ path, estate }: { path: GroupPath; estate: Estate }): ReactNode {
  const { t } = useTranslation(["family", "topup"]);
  const ways = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/payment-ways", { params: { path } });
  return (
    <Card title={t("addMoney")}>
      <Show asked={ways} lines={2}>
        {({ ways: open, may_top_up }) =>
          may_top_up && open.length > 0 ? <Pay path={path} estate={estate} /> : <p className="quiet">{t("topup:closedHint", { estate: estate.name })}</p>
        }
      </Show>
    </Card>
  );
}

function Pay({ path, estate }: { path: GroupPath; estate: Estate }): ReactNode {
  const { t } = useTranslation(["family", "topup"]);
  const formats = useFormats(estate);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const [key, setKey] = useState(newKey);
  const pay = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/sandbox-top-ups", {
    retry: sentAgain,
    onSuccess: () => {
      setTyped("");
      setKey(newKey());
      refreshEstate(path.estate_id);
    },
  });
  const amount = readAmount(typed);
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (amount === null) return setWrong(true);
        pay.mutate({ params: { path, header: { "Idempotency-Key": key } }, body: { amount, outcome: "paid" } });
      }}
    >
      <Notice>{t("topup:pretend")}</Notice>
      <Wrong error={pay.error} />
      {pay.data === undefined ? null : (
        <Notice tone="good" role="status">
          {t("moneyAdded", { amount: formats.money(pay.data.balance.amount) })}
        </Notice>
      )}
      <TextInput
        label={t("howMuch", { currency: estate.currency })}
        inputMode="decimal"
        autoComplete="off"
        value={typed}
        error={wrong ? t("topup:amountWrong") : null}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(false);
          // another amount is another payment
          setKey(newKey());
        }}
      />
      <Button type="submit" variant="default" loading={pay.isPending}>
        {amount === null ? t("addMoney") : t("topup:pay", { amount: formats.money(amount) })}
      </Button>
    </form>
  );
}
