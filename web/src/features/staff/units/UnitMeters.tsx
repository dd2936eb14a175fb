import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { Card, Empty, SupplyTag, useFormats } from "@ui";
import { DataTable, givenList, type Column } from "@ui/staff";

type Unit = Schemas["UnitDetail"];
type Meter = Unit["meters"][number];

/** The meters of a unit with their newest readings, and whether each supply is on. */
export function UnitMeters({ unit }: { unit: Unit }): ReactNode {
  const { t } = useTranslation(["units", "common"]);
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  const of = (meter: Meter): Unit["utilities"][number] | undefined => unit.utilities.find(({ utility }) => utility === meter.utility);
  const columns: Column<Meter>[] = [
    { key: "serial", title: t("meter"), cell: (meter) => meter.serial },
    { key: "supply", title: t("supply"), cell: (meter) => supplyOf(of(meter)), phone: "value" },
    { key: "utility", title: t("utility"), cell: (meter) => t(`common:utility.${meter.utility}`), phone: "bare" },
    {
      key: "reading",
      title: t("latest"),
      cell: (meter) => {
        const latest = of(meter)?.latest_reading;
        return latest == null ? null : formats.quantity(latest.value.amount, latest.value.unit);
      },
      isNumber: true,
    },
    {
      key: "at",
      title: t("takenAt"),
      cell: (meter) => {
        const latest = of(meter)?.latest_reading;
        return latest == null ? null : formats.moment(latest.taken_at);
      },
      phone: "bare",
    },
  ];
  if (unit.meters.length === 0) {
    return (
      <Card title={t("meters")}>
        <Empty title={t("noMeters")}>{t("noMetersHint")}</Empty>
      </Card>
    );
  }
  return (
    <Card title={t("meters")}>
      <DataTable
        label={t("meters")}
        columns={columns}
        pages={givenList(unit.meters)}
        keyOf={(meter) => meter.meter_id}
        {...(may("meters.read") ? { to: (meter: Meter) => `../../meters/${meter.meter_id}` } : {})}
        empty={{ title: t("noMeters") }}
      />
    </Card>
  );
}

function supplyOf(found: Unit["utilities"][number] | undefined): ReactNode {
  return found === undefined ? null : <SupplyTag supply={{ is_on: found.is_supply_on, asked: found.open_command }} />;
}
