import { NativeSelect } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, useEstate, type Schemas } from "@api";
import { Card, Empty, EnergyFlow, localDate, LossTrend, Show, useFormats } from "@ui";
import classes from "./Estates.module.css";
import { flowsOf } from "./flows";

type Report = Schemas["ReconciliationReport"];
type Utility = Report["utility"];

const UTILITIES: Utility[] = ["electricity", "water", "hot_water", "gas", "solar"];

/** Bulk meters against what is behind them: how much is lost, and where it went. */
export function Energy(): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { estate, path } = useEstate();
  const [utility, setUtility] = useState<Utility>("electricity");
  const rule = $api.useQuery("get", "/api/v1/estates/{estate_id}/loss-rule", { params: { path } });
  const limit = rule.data?.limit_percent ?? null;
  const today = localDate(new Date(), estate.time_zone);
  const year = { from: `${Number(today.slice(0, 4)) - 1}-${today.slice(5, 7)}-01`, to: today };
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/reconciliation", {
    params: { path, query: { ...year, utility, step: "month" } },
  });
  const used = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/consumption", {
    params: { path, query: { ...year, utility, step: "month", limit: 1 } },
  });
  const word = t as unknown as (key: string) => string;
  return (
    <Card
      title={t("loss")}
      action={
        <NativeSelect
          aria-label={t("utility")}
          value={utility}
          onChange={(event) => setUtility(event.currentTarget.value as Utility)}
          data={UTILITIES.map((each) => ({ value: each, label: word(`common:utility.${each}`) }))}
        />
      }
    >
      <Show asked={asked} lines={6}>
        {(told) => {
          const report = told as unknown as Report;
          if (report.items.length === 0) return <Empty title={t("noBulk")}>{t("noBulkHint")}</Empty>;
          return (
            <>
              {report.items.map((each) => (
                <Bulk key={each.bulk_meter_id} of={each} limit={limit} />
              ))}
              {rule.data === undefined ? null : <Limit percent={limit} />}
              <Flow report={report} used={used.data as unknown as Schemas["EstateConsumption"] | undefined} />
            </>
          );
        }}
      </Show>
    </Card>
  );
}

/** From which loss on the estate wants to be told, and where that is said. */
function Limit({ percent }: { percent: string | null }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  return (
    <p className={`quiet small ${classes.bottom}`}>
      {percent === null ? t("lossNever") : t("lossFrom", { limit: formats.quantity(percent, "%") })}{" "}
      {may("estates.write") ? <Link to="settings">{t("lossChange")}</Link> : null}
    </p>
  );
}

function Bulk({ of, limit }: { of: Schemas["BulkMeterReport"]; limit: string | null }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <section aria-label={t("bulkMeter", { meter: of.meter })}>
      <h3>{t("bulkMeter", { meter: of.meter })}</h3>
      <p className="quiet small">
        {t("bulkTotals", {
          bulk: formats.quantity(of.total.bulk, of.unit),
          units: formats.quantity(of.total.sub_meters, of.unit),
          loss: formats.quantity(of.total.difference, of.unit),
          count: of.sub_meters,
        })}
        {of.sub_meters_with_gaps === 0 ? null : ` ${t("bulkGaps", { count: of.sub_meters_with_gaps })}`}
      </p>
      <LossTrend
        labels={of.steps.map((each) => formats.label(each.label, "month"))}
        // with a reading missing, the difference is not the loss
        percent={of.steps.map((each) => (each.known === "partial" || each.known === "missing" ? null : each.percent))}
        limit={limit}
      />
    </section>
  );
}

function Flow({ report, used }: { report: Report; used: Schemas["EstateConsumption"] | undefined }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const found = flowsOf(report, used);
  if (found === null) return null;
  return (
    <section aria-label={t("flow")} className={classes.flow}>
      <h3>{t("flowOf", { month: formats.label(found.label, "month") })}</h3>
      <EnergyFlow
        flows={found.flows}
        names={{ grid: t("place.grid"), estate: t("place.estate"), units: t("place.units"), loss: t("place.loss"), export: t("place.export") }}
        shown={(amount) => formats.quantity(amount, found.unit)}
      />
    </section>
  );
}
