import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type EstateWork } from "@api";
import { Page, Show } from "@ui";
import { Attention } from "./Attention";
import { Energy } from "./Energy";
import classes from "./Estates.module.css";
import type { Pain } from "./hurt";
import { Indicators } from "./Indicators";
import { OwnUnits } from "./OwnUnits";
import { Pains } from "./Tile";
import { Rates } from "./Rates";
import { Revenue } from "./Revenue";
import { Vacancy } from "./Vacancy";

/** An estate at a glance: for who answers for it, how it does; for who has a part in it, their part. */
export default function OverviewPage(): ReactNode {
  const { estate, may } = useEstate();
  return <Page title={estate.name}>{may("reports.read") ? <Scheme /> : <OwnUnits />}</Page>;
}

/** The list behind what is wrong, for who may see it. */
function listOf(kind: Pain["kind"], may: EstateWork["may"]): string | undefined {
  if (kind === "out" || kind === "low") return may("wallets.read") ? `units?standing=${kind}` : undefined;
  if (kind === "alerts") return may("alerts.read") ? "alerts" : undefined;
  if (kind === "held") return may("readings.read") ? "readings" : undefined;
  // they stand on this page
  if (kind === "losses") return undefined;
  return may("meters.read") ? (kind === "issues" ? "issues" : "meters") : undefined;
}

function Scheme(): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, may } = useEstate();
  // the estate before it by id, so that the page begins with this one
  const query = { after_id: estate.estate_id - 1, limit: 1 };
  const asked = $api.useQuery("get", "/api/v1/portfolio", { params: { query } });
  return (
    <>
      <p className="quiet">{[t(`kind.${estate.kind}`), estate.address].filter(Boolean).join(" · ")}</p>
      <Show asked={asked} lines={4}>
        {({ items }) => {
          const figures = items.find((each) => each.estate.estate_id === estate.estate_id);
          // archived estates have no figures
          return figures === undefined ? null : (
            <>
              <Pains of={figures} to={(kind) => listOf(kind, may)} />
              <Indicators of={figures} />
            </>
          );
        }}
      </Show>
      {may("meters.read") || may("wallets.read") ? <Attention /> : null}
      <Revenue />
      <Energy />
      <div className={classes.columns}>
        <Vacancy />
        {may("rates.read") ? <Rates /> : null}
      </div>
    </>
  );
}
