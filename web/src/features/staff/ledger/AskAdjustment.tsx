import { NativeSelect, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, useEvery, usePages } from "@api";
import { decimal, micro, readAmount, useFormats } from "@ui";
import { Confirm } from "@ui/staff";
import classes from "./Ledger.module.css";

/** Ask for a change of a wallet's balance, with what will happen said before. */
export function AskAdjustment(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [isAsking, setIsAsking] = useState(false);
  const asked = usePages("/api/v1/estates/{estate_id}/ledger/accounts", { params: { path, query: { limit: 1000 } } }, { by: "after_id", isEnabled: isAsking });
  const accounts = useEvery(asked, isAsking);
  const rule = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/rule", { params: { path } });
  const ask = $api.useMutation("post", "/api/v1/estates/{estate_id}/ledger/adjustments");
  const [key, setKey] = useState(newKey);
  const [accountId, setAccountId] = useState("");
  const [sign, setSign] = useState("+");
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const wallets = accounts.data?.filter((each) => each.code.startsWith("wallet:")) ?? [];
  const account = wallets.find((each) => `${each.account_id}` === accountId);
  const amount = readAmount(typed, 6);
  const isAmount = amount !== null && micro(amount) > 0n;
  const change = isAmount ? (sign === "+" ? micro(amount) : -micro(amount)) : 0n;
  const needsTwo = rule.data !== undefined && isAmount && micro(amount) > micro(rule.data.adjustment_limit.amount);
  const consequence =
    account === undefined || !isAmount
      ? t("adjustWhat")
      : t(needsTwo ? "adjustLater" : "adjustNow", {
          name: account.name,
          before: formats.money(account.posted.amount),
          after: formats.money(decimal(micro(account.posted.amount) + change)),
        });
  return (
    <Confirm
      label={t("adjust")}
      icon={<IconPlus aria-hidden size={18} />}
      title={t("adjustTitle")}
      consequence={<p>{consequence}</p>}
      action={t("adjust")}
      isReady={account !== undefined && isAmount && reason.trim() !== ""}
      isPending={ask.isPending}
      error={ask.error}
      onOpen={() => {
        ask.reset();
        setIsAsking(true);
        setKey(newKey());
      }}
      onConfirm={(close) =>
        ask.mutate(
          {
            params: { path, header: { "Idempotency-Key": key } },
            body: { account_id: Number(accountId), amount: decimal(change), reason: reason.trim() },
          },
          {
            onSuccess: () => {
              close();
              setTyped("");
              setReason("");
              refreshEstate(estate.estate_id);
            },
          },
        )
      }
    >
      <div className={classes.form}>
        <NativeSelect
          label={t("account")}
          required
          value={accountId}
          onChange={(event) => setAccountId(event.currentTarget.value)}
          data={[{ value: "", label: t("choose") }, ...wallets.map((each) => ({ value: `${each.account_id}`, label: each.name }))]}
          error={accounts.error !== null ? t("noAccountsCame") : undefined}
        />
        <NativeSelect
          label={t("direction")}
          value={sign}
          onChange={(event) => setSign(event.currentTarget.value)}
          data={[
            { value: "+", label: t("creditTo") },
            { value: "-", label: t("debitFrom") },
          ]}
        />
        <TextInput label={t("amount")} inputMode="decimal" required value={typed} onChange={(event) => setTyped(event.currentTarget.value)} error={isAmount || typed === "" ? undefined : t("badAmount")} />
        <TextInput label={t("reason")} required maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      </div>
    </Confirm>
  );
}
