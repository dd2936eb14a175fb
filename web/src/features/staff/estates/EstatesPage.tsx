import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, useEvery, usePages, type Schemas } from "@api";
import { Card, Empty, Failure, HERE, Loading, Page, Row, Rows, useFormats } from "@ui";
import { Filters, useFilters } from "@ui/staff";
import classes from "./Estates.module.css";
import { ORDERS, share, sorted, together, type Figures, type Order } from "./hurt";
import { NewEstate } from "./NewEstate";
import { Stat, Stats } from "./Stat";
import { Tile } from "./Tile";
import { useRevenueHint } from "./useRevenueHint";

/** The estates that somebody answers for, where it hurts most first; those of which they only have a part below. */
export default function EstatesPage(): ReactNode {
  const { t } = useTranslation("estates");
  const figures = useEvery(usePages("/api/v1/portfolio", { params: { query: { limit: 100 } } }, { by: "after_id" }));
  const estates = $api.useQuery("get", "/api/v1/estates", {}, { staleTime: 60_000 });
  const known = new Set(figures.data?.map((each) => each.estate.estate_id));
  const others = estates.data?.items.filter((each) => !known.has(each.estate_id)) ?? [];
  return (
    <Page title={t("title")} aside={<NewEstate />}>
      {figures.data === undefined ? (
        figures.isPending ? <Loading lines={8} /> : <Failure problem={problemOf(figures.error)} retry={() => void figures.refetch()} />
      ) : figures.data.length > 0 ? (
        <Portfolio all={figures.data} />
      ) : estates.data?.items.length === 0 ? (
        <Card>
          <Empty title={t("none")}>{t("noneHint")}</Empty>
        </Card>
      ) : null}
      {figures.isPending || others.length === 0 ? null : <Others estates={others} />}
    </Page>
  );
}

function Others({ estates }: { estates: Schemas["EstateOut"][] }): ReactNode {
  const { t } = useTranslation("estates");
  return (
    <Card title={t("parts")}>
      <Rows label={t("parts")}>
        {estates.map((each) => (
          <Row key={each.estate_id} to={`${each.estate_id}`} title={each.name} hint={[t(`kind.${each.kind}`), each.address].filter(Boolean).join(" · ")} />
        ))}
      </Rows>
    </Card>
  );
}

function Portfolio({ all }: { all: Figures[] }): ReactNode {
  const { t } = useTranslation("estates");
  const filtering = useFilters("q", "order");
  const order = (ORDERS as readonly string[]).includes(filtering.values.order) ? (filtering.values.order as Order) : "worst";
  const shown = sorted(all, { order, words: filtering.values.q });
  return (
    <>
      {all.length < 2 ? null : <Totals all={all} />}
      {all.length < 4 ? null : (
        <div>
          <Filters filtering={filtering} search={{ name: "q", label: t("search") }} />
          <NativeSelect
            className={classes.order}
            label={t("order.label")}
            value={order}
            onChange={(event) => filtering.set("order", event.currentTarget.value)}
            data={ORDERS.map((each) => ({ value: each, label: t(`order.${each}`) }))}
          />
        </div>
      )}
      {shown.length === 0 ? (
        <Card>
          <Empty title={t("noneFound")}>{t("noneFoundHint")}</Empty>
        </Card>
      ) : (
        <ul className={classes.tiles} aria-label={t("title")}>
          {shown.map((each) => (
            <Tile key={each.estate.estate_id} of={each} />
          ))}
        </ul>
      )}
    </>
  );
}

function Totals({ all }: { all: Figures[] }): ReactNode {
  const { t } = useTranslation("estates");
  const sum = together(all);
  const formats = useFormats({ ...HERE, currency: sum.currency ?? HERE.currency });
  const hint = useRevenueHint();
  const percent = (part: number, whole: number): string => formats.number(share(part, whole) / 10_000, { style: "percent" });
  const whole = (amount: string): string => formats.money(amount, { whole: true });
  return (
    <Stats label={t("together")}>
      <Stat name={t("estates", { count: all.length })} value={t("unitCount", { count: sum.units })} hint={t("occupiedOf", { percent: percent(sum.occupied, sum.units) })} />
      <Stat
        name={t("online")}
        value={percent(sum.meters - sum.silent_meters, sum.meters)}
        part={share(sum.meters - sum.silent_meters, sum.meters)}
        hint={t("silentOf", { count: sum.silent_meters, total: formats.number(sum.meters) })}
      />
      <Stat
        name={t("standing")}
        value={percent(sum.accounts - sum.accounts_out - sum.accounts_low, sum.accounts)}
        part={share(sum.accounts - sum.accounts_out - sum.accounts_low, sum.accounts)}
        hint={t("outLow", { out: formats.number(sum.accounts_out), low: formats.number(sum.accounts_low) })}
      />
      {sum.revenue === null || sum.revenueBefore === null ? (
        <Stat name={t("revenue")} value="–" hint={t("revenueMixed")} />
      ) : (
        <Stat name={t("revenue")} value={whole(sum.revenue)} hint={hint(sum.revenue, sum.revenueBefore, whole)} />
      )}
      <Stat
        name={t("surplus")}
        value={sum.surplus === null ? t("notTold") : whole(sum.surplus)}
        hint={t(sum.surplus !== null ? "surplusAll" : sum.currency === null ? "revenueMixed" : "surplusSome")}
      />
    </Stats>
  );
}
