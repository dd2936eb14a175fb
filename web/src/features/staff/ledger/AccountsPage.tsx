import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, useEvery, usePages, type Schemas } from "@api";
import { Card, useFormats } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";
import { LedgerPage, useLedgerPath } from "./LedgerPage";

type Account = Schemas["AccountOut"];

const CLASSES = ["liability", "asset", "income", "expense", "equity"] as const;

/** The chart of accounts, found by name or code. */
export default function AccountsPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const to = useLedgerPath();
  const filtering = useFilters("q", "class");
  // who searches wants to find what is further down, too
  const pages = useEvery(
    usePages("/api/v1/estates/{estate_id}/ledger/accounts", { params: { path, query: { limit: 1000 } } }, { by: "after_id" }),
    filtering.isFiltered,
  );
  const words = filtering.values.q.toLocaleLowerCase();
  const isShown = (each: Account): boolean =>
    `${each.name} ${each.code}`.toLocaleLowerCase().includes(words) && (filtering.values.class === "" || each.class === filtering.values.class);
  const columns: Column<Account>[] = [
    { key: "name", title: t("account"), cell: (each) => each.name },
    { key: "code", title: t("code"), cell: (each) => <span className="quiet small">{each.code}</span>, phone: "bare" },
    { key: "class", title: t("class"), cell: (each) => t(`classWord.${each.class}`), phone: "none" },
    { key: "entries", title: t("entries"), cell: (each) => formats.number(each.head_seq), isNumber: true, phone: "none" },
    { key: "held", title: t("held"), cell: (each) => formats.money(each.held.amount), isNumber: true, phone: "none" },
    { key: "posted", title: t("balance"), cell: (each) => formats.money(each.posted.amount), isNumber: true, phone: "value" },
  ];
  return (
    <LedgerPage title={t("title")}>
      <Card>
        <Filters
          filtering={filtering}
          search={{ name: "q", label: t("findAccount") }}
          fields={[{ name: "class", label: t("class"), options: CLASSES.map((each) => [each, t(`classWord.${each}`)]) }]}
        />
        <DataTable
          label={t("part.accounts")}
          columns={columns}
          pages={{ ...pages, data: pages.data?.filter(isShown) }}
          keyOf={(each) => each.account_id}
          to={(each) => to(`/accounts/${each.account_id}`)}
          empty={{ title: t("noAccounts"), hint: t(filtering.isFiltered ? "noAccountsFound" : "noAccountsHint") }}
        />
      </Card>
    </LedgerPage>
  );
}
