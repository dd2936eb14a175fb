import { SegmentedControl, TextInput } from "@mantine/core";
import { IconBuildingBank, IconClockExclamation } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, isNegative, micro, Notice, readAmount, Tag, useFormats } from "@ui";
import { Confirm, DataTable, wholeList, type Column } from "@ui/staff";
import classes from "./Ledger.module.css";
import { LedgerPage, useLedgerPath } from "./LedgerPage";

type Clearing = Schemas["ClearingOut"];
type Direction = Schemas["BankingIn"]["direction"];

/** Money on its way: received and not banked yet, or paid out and not sent yet. */
export default function ClearingPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const to = useLedgerPath();
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/clearing", { params: { path } });
  const columns: Column<Clearing>[] = [
    { key: "method", title: t("method"), cell: (each) => each.method },
    {
      key: "since",
      title: t("waitsSince"),
      cell: (each) =>
        each.since === null ? null : each.is_overdue ? (
          <Tag tone="out" icon={<IconClockExclamation aria-hidden />}>
            {t("overdue", { time: formats.moment(each.since) })}
          </Tag>
        ) : (
          formats.moment(each.since)
        ),
    },
    { key: "balance", title: t("onTheWay"), cell: (each) => t(isNegative(each.balance.amount) ? "received" : "paidOut", { amount: formats.money(each.balance.amount.replace("-", "")) }), isNumber: true, phone: "value" },
    ...(may("ledger.write") ? [{ key: "do", title: "", cell: (each: Clearing) => <Bank of={each} />, phone: "bare" as const }] : []),
  ];
  return (
    <LedgerPage title={t("part.clearing")}>
      <Notice>{t("clearingHint")}</Notice>
      <Card>
        <DataTable
          label={t("part.clearing")}
          columns={columns}
          pages={wholeList(asked)}
          keyOf={(each) => each.account_id}
          to={(each) => to(`/accounts/${each.account_id}`)}
          empty={{ title: t("noClearing"), hint: t("noClearingHint") }}
        />
      </Card>
    </LedgerPage>
  );
}

function Bank({ of }: { of: Clearing }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const waiting = of.balance.amount.replace("-", "").replace(/0{1,4}$/, "");
  const [direction, setDirection] = useState<Direction>(isNegative(of.balance.amount) ? "to_bank" : "from_bank");
  const [typed, setTyped] = useState(waiting);
  const [reference, setReference] = useState("");
  const [key, setKey] = useState(newKey);
  const bank = $api.useMutation("post", "/api/v1/estates/{estate_id}/ledger/clearing/{method}/banking");
  const amount = readAmount(typed, 6);
  const isAmount = amount !== null && micro(amount) > 0n;
  return (
    <Confirm
      label={t("bank")}
      icon={<IconBuildingBank aria-hidden size={18} />}
      title={t("bankTitle", { method: of.method })}
      consequence={<p>{isAmount ? t(`bankHint.${direction}`, { amount: formats.money(amount), method: of.method }) : t("bankWhat")}</p>}
      action={t("bank")}
      isReady={isAmount && reference.trim() !== ""}
      isPending={bank.isPending}
      error={bank.error}
      onOpen={() => {
        bank.reset();
        setKey(newKey());
        setTyped(waiting);
      }}
      onConfirm={(close) =>
        bank.mutate(
          {
            params: { path: { ...path, method: of.method }, header: { "Idempotency-Key": key } },
            body: { amount: amount ?? "", direction, reference: reference.trim() },
          },
          {
            onSuccess: () => {
              close();
              refreshEstate(estate.estate_id);
            },
          },
        )
      }
    >
      <div className={classes.form}>
        <SegmentedControl
          aria-label={t("direction")}
          value={direction}
          onChange={(next) => setDirection(next as Direction)}
          data={[
            { value: "to_bank", label: t("toBank") },
            { value: "from_bank", label: t("fromBank") },
          ]}
        />
        <TextInput label={t("amount")} inputMode="decimal" required value={typed} onChange={(event) => setTyped(event.currentTarget.value)} error={isAmount || typed === "" ? undefined : t("badAmount")} />
        <TextInput label={t("reference")} description={t("referenceHint")} required maxLength={140} value={reference} onChange={(event) => setReference(event.currentTarget.value)} />
      </div>
    </Confirm>
  );
}
