import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import { Card, useFormats } from "@ui";
import { DataTable, Fact, Facts, wholeList, type Column } from "@ui/staff";
import { Receipt } from "./Receipt";
import { StandingTag } from "./words";

type Unit = Schemas["UnitDetail"];
type Entry = Schemas["TransactionOut"];
const ENTRIES = 10;

/** What the unit's wallet holds, its newest entries, and a receipt to book. */
export function UnitMoney({ unit, walletId }: { unit: Unit; walletId: number }): ReactNode {
  const { t } = useTranslation(["units", "common"]);
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const entries = $api.useQuery("get", "/api/v1/estates/{estate_id}/transactions", {
    params: { path, query: { wallet_id: walletId, limit: ENTRIES } },
  });
  const columns: Column<Entry>[] = [
    { key: "when", title: t("when"), cell: (entry) => formats.moment(entry.booked_at) },
    { key: "amount", title: t("amount"), cell: (entry) => formats.money(entry.amount.amount, { sign: true }), isNumber: true, phone: "value" },
    { key: "kind", title: t("what"), cell: (entry) => t(`wallet:kind.${entry.kind}`, { defaultValue: entry.kind }), phone: "bare" },
    { key: "utility", title: t("account"), cell: (entry) => t(`common:utility.${entry.utility}`), phone: "bare" },
    { key: "after", title: t("after"), cell: (entry) => formats.money(entry.balance_after.amount), isNumber: true, phone: "none" },
  ];
  return (
    <Card title={t("money")} action={may("wallets.top_up") ? <Receipt walletId={walletId} utilities={unit.utilities.map(({ utility }) => utility)} /> : null}>
      <Facts>
        {unit.utilities.map(({ utility, balance, standing }) => (
          <Fact key={utility} label={t(`common:utility.${utility}`)} hint={standing === null ? null : <StandingTag standing={standing} />}>
            {balance === null ? null : formats.money(balance.amount)}
          </Fact>
        ))}
        {unit.general === null ? null : <Fact label={t("common:utility.general")}>{formats.money(unit.general.amount)}</Fact>}
      </Facts>
      <DataTable
        label={t("entries")}
        columns={columns}
        pages={wholeList(entries)}
        keyOf={(entry) => `${entry.account_id}-${entry.seq}`}
        empty={{ title: t("noEntries") }}
      />
    </Card>
  );
}
