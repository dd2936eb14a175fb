import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate, usePages, type Schemas } from "@api";
import { Card, Notice, Tag, useFormats, Wrong } from "@ui";
import { Confirm, DataTable, type Column } from "@ui/staff";
import { AskAdjustment } from "./AskAdjustment";
import classes from "./Ledger.module.css";
import { LedgerPage, useLedgerPath } from "./LedgerPage";

type Adjustment = Schemas["AdjustmentOut"];

/** Changes of balances that staff asked for: those that wait for a second pair of eyes, and asking for one. */
export default function AdjustmentsPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const to = useLedgerPath();
  const pages = usePages("/api/v1/estates/{estate_id}/ledger/adjustments", { params: { path, query: { limit: 100 } } }, { by: "after_id" });
  const rule = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/rule", { params: { path } });
  const columns: Column<Adjustment>[] = [
    { key: "reason", title: t("reason"), cell: (each) => each.reason },
    { key: "by", title: t("askedBy"), cell: (each) => each.asked_by },
    { key: "at", title: t("askedAt"), cell: (each) => formats.moment(each.asked_at) },
    { key: "state", title: t("state"), cell: (each) => <Tag tone={each.state === "waiting" ? "asked" : "plain"}>{t(`adjustmentState.${each.state}`)}</Tag> },
    { key: "amount", title: t("amount"), cell: (each) => formats.money(each.amount.amount, { sign: true }), isNumber: true, phone: "value" },
    ...(may("ledger.approve") ? [{ key: "do", title: "", cell: (each: Adjustment) => <Decide of={each} />, phone: "bare" as const }] : []),
  ];
  return (
    <LedgerPage title={t("part.adjustments")} aside={may("ledger.write") ? <AskAdjustment /> : undefined}>
      <Notice>
        {rule.data === undefined ? t("adjustmentsHint") : t("adjustmentLimit", { amount: formats.money(rule.data.adjustment_limit.amount) })}
      </Notice>
      <Card>
        <DataTable
          label={t("part.adjustments")}
          columns={columns}
          pages={pages}
          keyOf={(each) => each.adjustment_id}
          to={(each) => to(`/accounts/${each.account_id}`)}
          empty={{ title: t("noAdjustments"), hint: t("noAdjustmentsHint") }}
        />
      </Card>
    </LedgerPage>
  );
}

function Decide({ of }: { of: Adjustment }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const decide = $api.useMutation("post", "/api/v1/estates/{estate_id}/ledger/adjustments/{adjustment_id}/decision");
  if (of.state !== "waiting") return null;
  const send = (approve: boolean, done?: () => void): void =>
    decide.mutate(
      { params: { path: { ...path, adjustment_id: of.adjustment_id } }, body: { approve } },
      {
        onSuccess: () => {
          done?.();
          refreshEstate(estate.estate_id);
        },
      },
    );
  return (
    <div className={classes.row}>
      <Confirm
        label={t("approve")}
        title={t("approveTitle")}
        consequence={<p>{t("approveHint", { amount: formats.money(of.amount.amount, { sign: true }), by: of.asked_by, reason: of.reason })}</p>}
        action={t("approve")}
        isPending={decide.isPending}
        error={decide.error}
        onOpen={() => decide.reset()}
        onConfirm={(close) => send(true, close)}
      />
      <Button variant="subtle" disabled={decide.isPending} onClick={() => send(false)}>
        {t("refuse")}
      </Button>
      {decide.variables?.body.approve === false ? <Wrong error={decide.error} /> : null}
    </div>
  );
}
