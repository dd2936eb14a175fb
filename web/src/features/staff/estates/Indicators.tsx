import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { useFormats } from "@ui";
import { share, type Figures } from "./hurt";
import { Stat, Stats } from "./Stat";
import { useRevenueHint } from "./useRevenueHint";

/** How the scheme does, each figure with the way to what it counts, for who may go there. */
export function Indicators({ of }: { of: Figures }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  const hint = useRevenueHint();
  const whole = (amount: string): string => formats.money(amount, { whole: true });
  const percent = (part: number, all: number): string => (all === 0 ? "–" : formats.number(share(part, all) / 10_000, { style: "percent" }));
  const good = of.accounts - of.accounts_out - of.accounts_low;
  const online = of.meters - of.silent_meters;
  const units = may("units.read") ? "units" : undefined;
  return (
    <Stats label={t("indicators")}>
      <Stat
        name={t("occupied")}
        value={percent(of.occupied, of.units)}
        part={share(of.occupied, of.units)}
        hint={t("vacantOf", { count: of.vacant, total: formats.number(of.units) })}
        to={units}
      />
      <Stat
        name={t("online")}
        value={percent(online, of.meters)}
        part={share(online, of.meters)}
        hint={t("silentOf", { count: of.silent_meters, total: formats.number(of.meters) })}
        to={may("meters.read") ? "meters" : undefined}
      />
      <Stat
        name={t("standing")}
        value={percent(good, of.accounts)}
        part={share(good, of.accounts)}
        hint={t("outLow", { out: formats.number(of.accounts_out), low: formats.number(of.accounts_low) })}
        to={may("wallets.read") && units !== undefined ? "units?standing=out" : undefined}
      />
      <Stat
        name={t("revenue")}
        value={whole(of.revenue.amount)}
        hint={hint(of.revenue.amount, of.revenue_before.amount, whole)}
        to={may("ledger.read") ? "ledger/trial-balance" : undefined}
      />
      <Surplus of={of} />
      <Stat name={t("balances")} value={whole(of.balances.amount)} hint={t("balancesHint")} to={may("ledger.read") ? "ledger" : undefined} />
    </Stats>
  );
}

/** What is left of the month's revenue, if the estate's costs are booked; that they are not, if so. */
function Surplus({ of }: { of: Figures }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  const whole = (amount: string): string => formats.money(amount, { whole: true });
  const to = may("ledger.read") ? "ledger/trial-balance" : undefined;
  const before = of.surplus_before === null ? "" : ` ${t("surplusBefore", { amount: whole(of.surplus_before.amount) })}`;
  if (of.surplus === null) return <Stat name={t("surplus")} value={t("notTold")} hint={`${t("surplusUnknown")}${before}`} to={to} />;
  const hint = t("surplusOf", { costs: whole(of.costs.amount) });
  return <Stat name={t("surplus")} value={whole(of.surplus.amount)} hint={`${hint}${before}`} to={to} />;
}
