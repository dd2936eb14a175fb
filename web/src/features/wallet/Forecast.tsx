import { SegmentedControl } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Place, type Schemas } from "@api";
import { BalanceForecast, Card, Loading, Show, useFormats, useSeen } from "@ui";
import classes from "./Wallet.module.css";

const ALL = "all";

/** How the balance went, and where it goes if everybody goes on as lately. */
export function Forecast({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation("wallet");
  const box = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(box);
  return (
    <Card title={t("forecast")}>
      <div ref={box}>{isSeen ? <Asked place={place} /> : <Loading lines={5} />}</div>
    </Card>
  );
}

function Asked({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const utilities = place.wallet.balances.map(({ utility }) => utility);
  const [chosen, setChosen] = useState<string>();
  const shown = utilities.find((each) => each === chosen) ?? (utilities.length === 1 ? utilities[0] : undefined);
  const asked = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/wallets/{wallet_id}/balance-forecast",
    {
      params: {
        path: { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id },
        // one utility's wallet is told with what its general account would cover
        query: utilities.length === 1 ? {} : { utility: shown },
      },
    },
    { placeholderData: keepPreviousData },
  );
  return (
    <div className={classes.forecast}>
      {utilities.length < 2 ? null : (
        <SegmentedControl
          aria-label={t("show")}
          value={shown ?? ALL}
          onChange={(next: string) => setChosen(next)}
          data={[{ value: ALL, label: t("all") }, ...utilities.map((each) => ({ value: each as string, label: t(`common:utility.${each}`) }))]}
        />
      )}
      <Show asked={asked} lines={5}>
        {(told) => <Drawn told={told} utility={shown} place={place} />}
      </Show>
    </div>
  );
}

function Drawn({ told, utility, place }: { told: Schemas["BalanceForecast"]; utility: string | undefined; place: Place }): ReactNode {
  const { t } = useTranslation("wallet");
  const formats = useFormats(place.estate);
  // a date has no clock: it is told as the API means it
  const day = (on: string): string => formats.label(on, "week");
  const when = (on: string | null): string | null => (on === null ? null : day(on));
  // lines are those of an account: of several together they would say nothing
  const line = told.lines.find((each) => each.utility === utility);
  const { early, likely, late } = told.runs_out;
  return (
    <>
      <BalanceForecast
        past={[...told.past.map(({ on, balance }) => ({ label: day(on), balance })), { label: t("now"), balance: told.balance.amount }]}
        ahead={told.days.map(({ on, ...rest }) => ({ label: day(on), ...rest }))}
        lines={[
          { name: t("lowLine"), amount: line?.low ?? null, isCut: false },
          { name: t("cutLine"), amount: line?.cut ?? null, isCut: true },
        ].flatMap(({ amount, ...rest }) => (amount === null ? [] : [{ amount, ...rest }]))}
        runsOut={{ early: when(early), likely: when(likely), late: when(late) }}
        shown={(amount) => formats.money(amount)}
      />
      <p className="quiet small">{t("forecastHow", { count: told.days_counted })}</p>
    </>
  );
}
