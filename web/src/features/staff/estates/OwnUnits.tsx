import { IconHome } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, usePages, type Schemas } from "@api";
import { Card, Empty, More, plusDays, localDate, Show, Tag, useFormats, UtilityIcon } from "@ui";
import { Fact, Facts } from "@ui/staff";
import classes from "./Estates.module.css";
import { Rates } from "./Rates";

/** What somebody has in an estate that others run: an owner's units, with their meters and what they used. */
export function OwnUnits(): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, path, may } = useEstate();
  const units = usePages("/api/v1/estates/{estate_id}/units", { params: { path, query: { limit: 20 } } }, { by: "cursor" });
  return (
    <>
      <p className="quiet">{[t(`kind.${estate.kind}`), estate.address].filter(Boolean).join(" · ")}</p>
      <Show asked={units} lines={6}>
        {(items) =>
          items.length === 0 ? (
            <Card>
              <Empty title={t("noOwn")}>{t("noOwnHint")}</Empty>
            </Card>
          ) : (
            <div className={classes.columns}>
              {items.map((each) => (
                <OwnUnit key={each.unit_id} unit={each} />
              ))}
            </div>
          )
        }
      </Show>
      <More pages={units} />
      {may("rates.read") ? <Rates /> : null}
    </>
  );
}

function OwnUnit({ unit }: { unit: Schemas["UnitOut"] }): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const params = { path: { ...path, unit_id: unit.unit_id } };
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/units/{unit_id}", { params });
  const today = localDate(new Date(), estate.time_zone);
  const span = { from: plusDays(today, -29), to: plusDays(today, 1), step: "day" } as const;
  const used = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/units/{unit_id}/consumption-history",
    { params: { ...params, query: span } },
    { enabled: may("readings.read") },
  );
  return (
    <Card title={unit.name} action={<Tag icon={<IconHome aria-hidden />}>{t(`state.${unit.state}`)}</Tag>}>
      <Show asked={asked} lines={3}>
        {({ meters, utilities, occupancy }) => (
          <Facts>
            <Fact label={t("livesThere")}>{occupancy === null ? t("nobody") : t("sinceDay", { day: formats.date(occupancy.from_on) })}</Fact>
            {meters.map((meter) => {
              const latest = utilities.find((each) => each.utility === meter.utility)?.latest_reading;
              return (
                <Fact
                  key={meter.meter_id}
                  label={`${t(`common:utility.${meter.utility}`)} · ${meter.serial}`}
                  hint={latest === null || latest === undefined ? t("noReading") : formats.moment(latest.taken_at)}
                >
                  {latest === null || latest === undefined ? null : formats.quantity(latest.value.amount, latest.value.unit)}
                </Fact>
              );
            })}
          </Facts>
        )}
      </Show>
      {may("readings.read") ? (
        <Show asked={used} lines={4}>
          {(history) => <Used history={history as unknown as Schemas["ConsumptionHistory"]} />}
        </Show>
      ) : null}
    </Card>
  );
}

/** What each utility used in the last thirty days, and whether it is more than in the thirty before. */
function Used({ history }: { history: Schemas["ConsumptionHistory"] }): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (history.series.length === 0) return <p className="quiet small">{t("noUse")}</p>;
  return (
    <>
      <h3>{t("lastMonth")}</h3>
      <Facts>
        {history.series.map((each) => (
          <Fact
            key={`${each.utility}-${each.register}`}
            label={t(`common:utility.${each.utility}`)}
            hint={each.before.change_percent === null ? t("noBefore") : t("change", { percent: each.before.change_percent.replace(/\.\d+$/, "") })}
          >
            <UtilityIcon utility={each.utility} /> {formats.quantity(each.total, each.unit)}
          </Fact>
        ))}
      </Facts>
    </>
  );
}
