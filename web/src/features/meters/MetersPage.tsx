import { Button } from "@mantine/core";
import { IconKeyboard } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, usePlace, useSupplies, type Schemas } from "@api";
import { Card, Empty, Page, Show, SupplyTag, useFormats, UtilityIcon } from "@ui";
import { SupplyFacts } from "./SupplyFacts";
import classes from "./Meters.module.css";

/** A home's meters with what they last said, and whether their supply is on. */
export default function MetersPage(): ReactNode {
  const { t } = useTranslation("meters");
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id };
  const meters = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters", {
    params: { path, query: { unit_id: place.unitId } },
  });
  const supplies = useSupplies(place);
  const takers = supplies.data?.items.flatMap((each) => each.token_meter_ids) ?? [];
  useKeptForLater(meters.data?.items ?? [], takers, path.estate_id);
  return (
    <Page title={t("title")}>
      <Show asked={meters} lines={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty title={t("none")}>{t("noneHint")}</Empty>
            </Card>
          ) : (
            <div className={classes.grid}>
              {items.map((meter) => (
                <Meter
                  key={meter.meter_id}
                  meter={meter}
                  isOne={items.filter((each) => each.utility === meter.utility).length === 1}
                  supply={supplies.data?.items.find((each) => each.utility === meter.utility)}
                />
              ))}
            </div>
          )
        }
      </Show>
    </Page>
  );
}

/** Ask ahead for what a reading by hand or a token needs: the place of the meter may have no connection. */
function useKeptForLater(meters: Schemas["MeterOut"][], takers: number[], estate_id: number): void {
  useQueries({
    queries: meters
      .filter((each) => each.is_read_by_hand || takers.includes(each.meter_id))
      .flatMap(({ meter_id }) => [
        $api.queryOptions("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path: { estate_id, meter_id } } }),
        $api.queryOptions("get", "/api/v1/estates/{estate_id}/reading-window", { params: { path: { estate_id } } }),
      ]),
  });
}

interface MeterProps {
  meter: Schemas["MeterOut"];
  /** Of its utility; several are told apart by their numbers. */
  isOne: boolean;
  supply: Schemas["WalletSupply"] | undefined;
}

function Meter({ meter, isOne, supply }: MeterProps): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id };
  const window = $api.useQuery("get", "/api/v1/estates/{estate_id}/reading-window", { params: { path } }, { enabled: meter.is_read_by_hand });
  const rule = window.data?.rule;
  // while it is not known, nothing is offered that may be refused
  const mayRead = rule != null && rule.least_right !== "none";
  const word = t(`common:utility.${meter.utility}`);
  return (
    <Card title={isOne ? word : `${word} · ${meter.serial}`} action={supply === undefined ? undefined : <SupplyTag supply={supply} />}>
      <div className={classes.meter}>
        <span className={classes.icon}>
          <UtilityIcon utility={meter.utility} />
        </span>
        <div>
          <Latest meterId={meter.meter_id} />
          <p className="quiet small">{t("serial", { serial: meter.serial })}</p>
        </div>
      </div>
      {supply === undefined ? null : <SupplyFacts supply={supply} place={place} />}
      {supply?.token_meter_ids.includes(meter.meter_id) && place.right !== "view" ? (
        <div className={classes.offer}>
          <p className="quiet small">{t("token.offerHint")}</p>
          <Button component={Link} to={`${meter.meter_id}/token`} leftSection={<IconKeyboard aria-hidden size={20} />} fullWidth>
            {t("token.offer")}
          </Button>
        </div>
      ) : null}
      {meter.is_read_by_hand && mayRead ? (
        <Button component={Link} to={`${meter.meter_id}/reading`} variant="default" fullWidth>
          {t("sendReading")}
        </Button>
      ) : (
        <p className="quiet small">{t(meter.is_read_by_hand ? "staffReads" : "byItself")}</p>
      )}
    </Card>
  );
}

/**
 * What each register of a meter last said.
 *
 * Each is asked for its own: in a list of all, a meter that talks often leaves no room for the others.
 */
function Latest({ meterId }: { meterId: number }): ReactNode {
  const { t } = useTranslation("meters");
  const { estate } = usePlace();
  const formats = useFormats(estate);
  const estate_id = estate.estate_id;
  const meter = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path: { estate_id, meter_id: meterId } } });
  const registers = meter.data?.registers ?? [];
  const readings = useQueries({
    queries: registers.map(({ register_id }) => $api.queryOptions("get", "/api/v1/estates/{estate_id}/readings", { params: { path: { estate_id }, query: { register_id, limit: 1 } } })),
  });
  return registers.map((register, at) => {
    const { data } = readings[at]!;
    const latest = data?.items[0];
    return (
      <Fragment key={register.register_id}>
        <p className="quiet small">{registers.length > 1 ? `${t("latest")} · ${register.name}` : t("latest")}</p>
        <p className={`${classes.value} num`}>
          {latest?.value != null ? formats.quantity(latest.value.amount, latest.value.unit) : data === undefined ? "\u00a0" : t("noReading")}
        </p>
        {latest?.taken_at == null ? null : <p className="quiet small">{formats.moment(latest.taken_at)}</p>}
      </Fragment>
    );
  });
}
