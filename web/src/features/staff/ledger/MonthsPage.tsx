import { NativeSelect } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, localDate, Notice, Show, Tag, useFormats } from "@ui";
import { Confirm, DataTable, Fact, Facts, wholeList, type Column } from "@ui/staff";
import classes from "./Ledger.module.css";
import { LedgerPage, useLedgerPath } from "./LedgerPage";
import { monthsBefore } from "./months";

type Period = Schemas["PeriodOut"];

const MONTHS = 24;

/** Months of the books: which are closed, and the closing of the next. */
export default function MonthsPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/periods", { params: { path } });
  const columns: Column<Period>[] = [
    { key: "month", title: t("month"), cell: (each) => formats.label(each.period, "month") },
    { key: "state", title: t("state"), cell: (each) => <Tag tone={each.state === "locked" ? "good" : "asked"}>{t(`periodState.${each.state}`)}</Tag>, phone: "value" },
    { key: "entries", title: t("entries"), cell: (each) => (each.entries === null ? "–" : formats.number(each.entries)), isNumber: true },
    { key: "turnover", title: t("turnover"), cell: (each) => (each.turnover === null ? "–" : formats.money(each.turnover.amount)), isNumber: true },
    { key: "by", title: t("actor"), cell: (each) => each.closed_by },
    { key: "at", title: t("closedAt"), cell: (each) => formats.moment(each.locked_at ?? each.closing_at), isNumber: true },
  ];
  return (
    <LedgerPage title={t("part.months")} aside={may("ledger.approve") ? <Close closed={asked.data?.items ?? []} isReady={asked.data !== undefined} /> : undefined}>
      <Notice>{t("monthsHint")}</Notice>
      <Card>
        <DataTable
          label={t("part.months")}
          columns={columns}
          pages={wholeList(asked)}
          keyOf={(each) => each.period}
          empty={{ title: t("noMonths"), hint: t("noMonthsHint") }}
        />
      </Card>
    </LedgerPage>
  );
}

/** The months that are over and not closed, oldest first. */
function open(closed: Period[], today: string): string[] {
  const newest = closed.map((each) => each.period).sort().at(-1) ?? "";
  return monthsBefore(today, MONTHS)
    .slice(1)
    .filter((each) => each > newest)
    .reverse();
}

function Close({ closed, isReady }: { closed: Period[]; isReady: boolean }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const months = open(closed, localDate(new Date(), estate.time_zone));
  const [chosen, setChosen] = useState<string | null>(null);
  const period = chosen !== null && months.includes(chosen) ? chosen : (months.at(-1) ?? "");
  const close = $api.useMutation("post", "/api/v1/estates/{estate_id}/ledger/periods");
  const month = period === "" ? "" : formats.label(period, "month");
  return (
    <Confirm
      label={t("close")}
      icon={<IconLock aria-hidden size={18} />}
      title={t("closeTitle", { month })}
      consequence={<p>{t("closeHint", { month })}</p>}
      action={t("close")}
      isDangerous
      whyNot={isReady && months.length === 0 ? t("allClosed") : undefined}
      isReady={period !== ""}
      isPending={close.isPending}
      error={close.error}
      onOpen={() => close.reset()}
      onConfirm={(done) =>
        close.mutate(
          { params: { path }, body: { period } },
          {
            onSuccess: () => {
              done();
              refreshEstate(estate.estate_id);
            },
          },
        )
      }
    >
      <NativeSelect
        label={t("month")}
        value={period}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={months.map((each) => ({ value: each, label: formats.label(each, "month") }))}
      />
      {period === "" ? null : <Preview key={period} period={period} />}
    </Confirm>
  );
}

/** What the month will be closed with. */
function Preview({ period }: { period: string }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const to = useLedgerPath();
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/trial-balance", { params: { path, query: { period } } });
  return (
    <Show asked={asked} lines={2}>
      {(found) => (
        <div className={classes.form}>
          <Facts>
            <Fact label={t("debit")}>{formats.money(found.debit.amount)}</Fact>
            <Fact label={t("credit")} hint={t(found.balanced ? "sidesEqual" : "sidesDiffer")}>
              {formats.money(found.credit.amount)}
            </Fact>
          </Facts>
          <Link to={to(`/trial-balance?period=${period}`)}>{t("lookFirst")}</Link>
        </div>
      )}
    </Show>
  );
}
