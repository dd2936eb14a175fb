import { Button, TextInput } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, api, problemOf, useEstate, type Schemas } from "@api";
import { Card, Empty, Failure, localDate, Page, plusDays, Show, useFormats, Wrong } from "@ui";
import { type Column, DataTable, Fact, Facts, givenList, useFile } from "@ui/staff";
import { Bars, Share } from "./Share";
import classes from "./Rates.module.css";

type Compared = Schemas["ComparisonOut"];
type Unit = Schemas["UnitComparisonOut"];
const WIDTH = 1000;
const MOST = 1000;

/** A rate table against what is in force, over every unit's own consumption. */
export default function ComparePage(): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, path } = useEstate();
  const rate_table_id = Number(useParams().rateTableId);
  const today = localDate(new Date(), estate.time_zone);
  const [from, setFrom] = useState(plusDays(today, -30));
  const [to, setTo] = useState(today);
  const [asked, setAsked] = useState({ from, to });
  const params = { path: { ...path, rate_table_id } };
  const table = $api.useQuery("get", "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}", { params });
  const body = { ...asked, with: null, role: "supply" as const, limit: MOST, after_id: 0 };
  const compared = $api.useQuery("post", "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}/compare", { params, body }, { retry: false, staleTime: 60_000 });
  return (
    <Page title={t("compareTitle", { name: table.data?.name ?? "" })} aside={<Link to=".." relative="path">{t("back")}</Link>}>
      <Card>
        <form
          className={`${classes.fields} ${classes.atEnd}`}
          onSubmit={(event) => {
            event.preventDefault();
            setAsked({ from, to });
          }}
        >
          <TextInput type="date" label={t("compareFrom")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="date" label={t("compareTo")} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
          <Button type="submit" loading={compared.isFetching}>
            {t("compareNow")}
          </Button>
        </form>
        <p className="quiet small">{t("compareHint")}</p>
      </Card>
      <Show asked={{ ...compared, data: compared.data as Compared | undefined }} lines={8}>
        {(found) => <Result found={found} body={body} rate_table_id={rate_table_id} />}
      </Show>
      {table.isError ? <Failure problem={problemOf(table.error)} retry={() => void table.refetch()} /> : null}
    </Page>
  );
}

function Result({ found, body, rate_table_id }: { found: Compared; body: Schemas["ComparisonIn"]; rate_table_id: number }): ReactNode {
  const { t } = useTranslation("rates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const count = found.gains + found.loses + found.same;
  const money = (amount: Schemas["Money"] | null, sign = false): string => (amount === null ? "–" : formats.money(amount.amount, { sign }));
  const columns: Column<Unit>[] = [
    { key: "unit", title: t("unitName"), cell: (each) => each.unit },
    { key: "old", title: t("line.now"), isNumber: true, cell: (each) => money(each.old) },
    { key: "new", title: t("line.new"), isNumber: true, cell: (each) => money(each.new) },
    { key: "share", title: t("shareWord"), phone: "bare", cell: (each) => (each.old === null || each.new === null ? null : <Share before={each.old.amount} after={each.new.amount} />) },
    { key: "difference", title: t("differenceWord"), isNumber: true, phone: "value", cell: (each) => each.reason ?? money(each.difference, true) },
  ];
  if (count === 0) {
    return (
      <Card>
        <Empty title={t("nothingCompared")}>{t("nothingComparedHint")}</Empty>
      </Card>
    );
  }
  const changed = [...new Map([...found.worst, ...found.best].map((each) => [each.unit_id, each])).values()];
  return (
    <>
      <Card title={t("outcome")} action={<Csv body={body} rate_table_id={rate_table_id} />}>
        <Distribution found={found} count={count} />
        <Facts>
          <Fact label={t("line.now")}>{money(found.old)}</Fact>
          <Fact label={t("line.new")}>{money(found.new)}</Fact>
          <Fact label={t("differenceWord")}>
            {money(found.difference, true)} <Share before={found.old.amount} after={found.new.amount} />
          </Fact>
          {found.not_compared === 0 ? null : <Fact label={t("notCompared")}>{found.not_compared}</Fact>}
        </Facts>
      </Card>
      {changed.length === 0 ? null : (
        <Card title={t("biggest")}>
          <Bars units={changed} />
          <DataTable label={t("biggest")} columns={columns} pages={givenList(changed)} keyOf={(each) => each.unit_id} empty={{ title: t("nothingCompared") }} />
        </Card>
      )}
      <Card title={t("allUnits")}>
        {found.next === null ? null : <p className="quiet small">{t("inFile")}</p>}
        <DataTable label={t("allUnits")} columns={columns} pages={givenList(found.units)} keyOf={(each) => each.unit_id} empty={{ title: t("nothingCompared") }} />
      </Card>
    </>
  );
}

/** How many pay less, the same, more: as a sentence and as one bar. */
function Distribution({ found, count }: { found: Compared; count: number }): ReactNode {
  const { t } = useTranslation("rates");
  const parts = [
    { tone: "good", size: found.gains },
    { tone: "plain", size: found.same },
    { tone: "out", size: found.loses },
  ];
  const said = t("distribution", { gains: found.gains, same: found.same, loses: found.loses });
  const end = (at: number): number => (parts.slice(0, at).reduce((sum, each) => sum + each.size, 0) * WIDTH) / count;
  return (
    <>
      <p>
        <strong>{said}</strong>
      </p>
      <svg className={classes.bar} viewBox={`0 0 ${WIDTH} 24`} preserveAspectRatio="none" width="100%" aria-hidden>
        {parts.map(({ tone, size }, at) => (
          <rect key={tone} data-tone={tone} x={end(at)} y={0} width={(size * WIDTH) / count} height={24} />
        ))}
      </svg>
    </>
  );
}

function Csv({ body, rate_table_id }: { body: Schemas["ComparisonIn"]; rate_table_id: number }): ReactNode {
  const { t } = useTranslation("rates");
  const { path } = useEstate();
  const ask = { params: { path: { ...path, rate_table_id } }, body, headers: { accept: "text/csv" }, parseAs: "blob" } as const;
  const take = useFile(() => api.POST("/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}/compare", ask), () => `rate-table-${rate_table_id}.csv`);
  return (
    <>
      <Button variant="default" leftSection={<IconDownload aria-hidden size={18} />} loading={take.isPending} onClick={() => take.mutate()}>
        {t("csv")}
      </Button>
      <Wrong error={take.error} />
    </>
  );
}
