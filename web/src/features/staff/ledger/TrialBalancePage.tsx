import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import { Card, localDate, micro, Show, Tag, useFormats } from "@ui";
import { DataTable, Fact, Facts, Filters, useFilters, wholeList, type Column } from "@ui/staff";
import classes from "./Ledger.module.css";
import { LedgerPage, useLedgerPath } from "./LedgerPage";
import { monthsBefore } from "./months";

type Line = Schemas["TrialBalanceLine"];

const MONTHS = 24;

/** Every account's opening balance, debits, credits and closing balance of a month, and that the sides are equal. */
export default function TrialBalancePage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const to = useLedgerPath();
  const filtering = useFilters("period");
  const period = filtering.values.period || undefined;
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/trial-balance", { params: { path, query: { period } } });
  const money = (amount: string): string => (micro(amount) === 0n ? "–" : formats.money(amount));
  const columns: Column<Line>[] = [
    { key: "name", title: t("account"), cell: (each) => each.name },
    ...(period === undefined ? [] : [{ key: "opening", title: t("opening"), cell: (each: Line) => money(each.opening.amount), isNumber: true }]),
    { key: "debit", title: t("debit"), cell: (each) => money(each.debit.amount), isNumber: true },
    { key: "credit", title: t("credit"), cell: (each) => money(each.credit.amount), isNumber: true },
    { key: "closing", title: t("closing"), cell: (each) => formats.money(each.closing.amount), isNumber: true, phone: "value" },
  ];
  // what neither moved nor stands is noise
  const shown = asked.data?.accounts.filter((each) => [each.opening, each.debit, each.credit].some(({ amount }) => micro(amount) !== 0n));
  return (
    <LedgerPage title={t("part.trialBalance")}>
      <Card>
        <Filters
          filtering={filtering}
          fields={[
            {
              name: "period",
              label: t("month"),
              options: monthsBefore(localDate(new Date(), estate.time_zone), MONTHS).map((each) => [each, formats.label(each, "month")]),
            },
          ]}
        />
        <p className="quiet small">{t(period === undefined ? "asOfNow" : "ofMonth")}</p>
        <Show asked={asked} lines={6}>
          {(found) => (
            <>
              <div className={classes.total}>
                <Facts>
                  <Fact label={t("debit")}>{formats.money(found.debit.amount)}</Fact>
                  <Fact label={t("credit")}>{formats.money(found.credit.amount)}</Fact>
                </Facts>
                <Tag tone={found.balanced ? "good" : "out"} icon={found.balanced ? <IconCircleCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}>
                  {t(found.balanced ? "sidesEqual" : "sidesDiffer")}
                </Tag>
              </div>
              <DataTable
                label={t("part.trialBalance")}
                columns={columns}
                pages={wholeList({ ...asked, data: { items: shown ?? [] } })}
                keyOf={(each) => each.account_id}
                to={(each) => to(`/accounts/${each.account_id}`)}
                empty={{ title: t("noEntries"), hint: t("noEntriesHint") }}
              />
            </>
          )}
        </Show>
      </Card>
    </LedgerPage>
  );
}
