import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { Card, Empty, Tag, useFormats } from "@ui";
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
    { key: "supply", title: t("supply"), cell: (meter) => <Supply utility={of(meter)} />, phone: "value" },
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

function Supply({ utility }: { utility: Unit["utilities"][number] | undefined }): ReactNode {
  const { t } = useTranslation("common");
  if (utility === undefined) return null;
  if (utility.open_command !== null) return <Tag tone="asked">{t(utility.open_command === "on" ? "supply.askedOn" : "supply.askedOff")}</Tag>;
  return <Tag tone={utility.is_supply_on ? "good" : "out"}>{t(utility.is_supply_on ? "supply.on" : "supply.off")}</Tag>;
}
