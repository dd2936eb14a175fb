import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, usePages, useWhole, type Schemas } from "@api";
import { Card, decimal, Empty, localDate, localeFor, micro, Notice, plusDays, Show, useFormats, UtilityIcon } from "@ui";
import classes from "./Estates.module.css";
import { inForce, pricesOf, typicalUse, type InForce, type PriceLine } from "./prices";

/** An example where nobody may see, or knows, what units use. */
const EXAMPLE: Record<string, string> = { electricity: "300.000000", solar: "300.000000" };
const EXAMPLE_VOLUME = "12.000000";

/** The prices in force in plain words, and what the next ones change for a typical unit. */
export function Rates(): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, path } = useEstate();
  const pages = usePages("/api/v1/estates/{estate_id}/rate-assignments", { params: { path, query: { limit: 1000 } } }, { by: "after_id" });
  // a part of them would tell what is over as in force
  const asked = { ...pages, data: useWhole(pages) };
  return (
    <Card title={t("rates")}>
      <Show asked={asked} lines={5}>
        {(items) => {
          const found = inForce(items, localDate(new Date(), estate.time_zone));
          return found.length === 0 ? (
            <Empty title={t("noRates")}>{t("noRatesHint")}</Empty>
          ) : (
            found.map((each) => <OfUtility key={`${each.utility}-${each.role}`} of={each} />)
          );
        }}
      </Show>
    </Card>
  );
}

function useTable(rateTableId: number | null | undefined): { data: Schemas["RateTableWithDocument"] | undefined; error: unknown; isPending: boolean; refetch: () => unknown } {
  const { path } = useEstate();
  return $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}",
    { params: { path: { ...path, rate_table_id: rateTableId ?? 0 } } },
    { enabled: rateTableId != null },
  );
}

function OfUtility({ of }: { of: InForce }): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { i18n } = useTranslation();
  // years apart: with its year
  const day = (date: string): string => new Intl.DateTimeFormat(localeFor(i18n.language), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
  const now = useTable(of.now?.rate_table_id);
  const next = useTable(of.next?.rate_table_id);
  const tableNow = of.now?.rate_table_id ?? null;
  return (
    <section aria-label={t(`common:utility.${of.utility}`)} className={classes.bottom}>
      <h3>
        <UtilityIcon utility={of.utility} /> {t(`common:utility.${of.utility}`)}
        {of.role === "supply" ? null : ` · ${t(`role.${of.role as "network" | "levy"}`)}`}
      </h3>
      {tableNow === null ? (
        <p className="quiet">{t("noneInForce")}</p>
      ) : (
        <Show asked={now} lines={3}>
          {(table) => (
            <>
              <p className="quiet small">{t("inForceSince", { name: table.name, day: day(of.now!.from) })}</p>
              <Prices table={table} />
            </>
          )}
        </Show>
      )}
      {of.next?.rate_table_id === null ? <Notice tone="low">{t("nextNone", { day: day(of.next.from) })}</Notice> : null}
      {next.data === undefined || of.next === undefined ? null : (
        <Notice>
          <strong>{t("nextRates", { name: next.data.name, day: day(of.next.from) })}</strong>
          <Prices table={next.data} />
          {tableNow === null ? null : <Difference of={of} now={tableNow} from={of.next.from} next={next.data.rate_table_id} />}
        </Notice>
      )}
    </section>
  );
}

function Prices({ table }: { table: Schemas["RateTableWithDocument"] }): ReactNode {
  return (
    <ul className={classes.prices}>
      {pricesOf(table.document as Record<string, unknown>).map((each) => (
        <Price key={each.name} of={each} table={table} />
      ))}
    </ul>
  );
}

function Price({ of, table }: { of: PriceLine; table: Schemas["RateTableWithDocument"] }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const measure = table.utility === "electricity" || table.utility === "solar" ? "kWh" : "m³";
  const tax = (table.document as { tax?: { name: string; percent: string; prices: string } }).tax;
  return (
    <li>
      {of.prices.map(({ when, price, upTo }, at) => (
        <span key={`${when}-${upTo ?? at}`} className={classes.price}>
          <span>
            {of.name}
            {when === "" ? null : <span className="quiet"> · {when}</span>}
            {upTo === null ? (at > 0 && of.prices[at - 1]!.upTo !== null ? <span className="quiet"> · {t("beyond")}</span> : null) : <span className="quiet"> · {t("upTo", { quantity: upTo, measure })}</span>}
          </span>
          <span className="num">{t(`per.${of.per}`, { price: exact(formats.money(price), price), measure })}</span>
        </span>
      ))}
      {of.prices.length === 0 ? <span>{of.name}</span> : null}
      {tax === undefined ? null : <span className="quiet small">{t(tax.prices === "inclusive" ? "taxIn" : "taxOn", { name: tax.name, percent: tax.percent })}</span>}
    </li>
  );
}

/** A price has more places than money that is paid: where rounding would hide some, they are written out. */
function exact(shown: string, price: string): string {
  return micro(price) % 10_000n === 0n ? shown : price.replace(/0+$/, "");
}

/** What a typical unit pays in a month now and then, of the same use. */
function Difference({ of, now, from, next }: { of: InForce; now: number; from: string; next: number }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const today = localDate(new Date(), estate.time_zone);
  const month = `${plusDays(`${today.slice(0, 7)}-01`, -1).slice(0, 7)}-01`;
  const isKnown = may("reports.read");
  const used = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/reports/consumption",
    { params: { path, query: { from: month, to: `${today.slice(0, 7)}-01`, utility: of.utility, step: "month", limit: 1 } } },
    { enabled: isKnown },
  );
  const vacancy = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/vacancy", { params: { path } }, { enabled: isKnown });
  const units = vacancy.data === undefined ? 0 : vacancy.data.units - vacancy.data.vacant;
  const typical = typicalUse(used.data as unknown as Schemas["EstateConsumption"] | undefined, { utility: of.utility, units });
  const quantity = typical ?? EXAMPLE[of.utility] ?? EXAMPLE_VOLUME;
  // thirty days from the changeover on, so that both are asked of the same season
  const body = { quantity, register: "import", from, to: plusDays(from, 30) };
  const isReady = !isKnown || (!used.isPending && !vacancy.isPending);
  const ask = (rate_table_id: number) => ({ params: { path: { ...path, rate_table_id } }, body });
  const before = $api.useQuery("post", "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}/calculate", ask(now), { enabled: isReady });
  const after = $api.useQuery("post", "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}/calculate", ask(next), { enabled: isReady });
  // a table that cannot price a plain quantity has no such preview
  if (before.data === undefined || after.data === undefined) return null;
  const [one, other] = [before.data.cents.gross.amount, after.data.cents.gross.amount];
  const change = decimal(micro(other) - micro(one));
  const measure = of.utility === "electricity" || of.utility === "solar" ? "kWh" : "m3";
  return (
    <p>
      {t(typical === null ? "exampleChange" : "typicalChange", {
        quantity: formats.quantity(quantity, measure),
        now: formats.money(one),
        next: formats.money(other),
        change: formats.money(change, { sign: true }),
      })}
    </p>
  );
}
