import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, useUnits, useWhole, type Schemas } from "@api";
import { Card, Page, Tag, useFormats, UtilityIcon } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";
import { IconAntennaBarsOff, IconHandFinger } from "@tabler/icons-react";
import { Areas } from "./Areas";
import { InstallMeter } from "./InstallMeter";
import classes from "./Meters.module.css";

type Meter = Schemas["MeterOut"];
const UTILITIES: Meter["utility"][] = ["electricity", "water", "hot_water", "gas", "solar"];
const ORDERS = ["id", "serial", "-serial"] as const;
const PATH = "/api/v1/estates/{estate_id}/meters";

/** An estate's meters: where each is, what speaks for it, and which are silent. */
export default function MetersPage(): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const filtering = useFilters("q", "utility", "state", "order");
  const { q, utility, state, order } = filtering.values;
  const isSilent = state === "silent";
  const sorted: (typeof ORDERS)[number] = ORDERS.find((each) => each === order) ?? "id";
  const query = { q, order: sorted, limit: 100, ...(utility === "" ? {} : { utility: utility as Meter["utility"] }) };
  const meters = usePages(PATH, { params: { path, query } }, { by: "after_id", isEnabled: !isSilent });
  const silent = usePages("/api/v1/estates/{estate_id}/silent-meters", { params: { path, query: { limit: 1000 } } }, { by: "after_id" });
  const allSilent = useWhole(silent);
  const since = allSilent && new Map(allSilent.map((each) => [each.meter_id, each.silent_since]));
  const columns: Column<Meter>[] = [
    { key: "serial", title: t("serial"), order: "serial", isTurned: true, cell: (each) => <Serial meter={each} /> },
    { key: "unit", title: t("unit"), phone: "bare", cell: (each) => nameOf(each.unit_id) },
    { key: "utility", title: t("utility"), phone: "none", cell: (each) => t(`common:utility.${each.utility}`) },
    { key: "device", title: t("device"), phone: "none", cell: (each) => each.device },
    { key: "state", title: t("state"), phone: "value", cell: (each) => (since === undefined ? null : <Speaks meter={each} since={since.get(each.meter_id)} />) },
  ];
  return (
    <Page title={t("meters")} aside={<InstallMeter />}>
      <Areas />
      <Card>
        <Filters
          filtering={filtering}
          search={{ name: "q", label: t("searchSerial") }}
          fields={[
            { name: "utility", label: t("utility"), options: UTILITIES.map((each) => [each, t(`common:utility.${each}`)]) },
            { name: "state", label: t("state"), options: [["silent", t("silent")]] },
          ]}
        />
        {isSilent ? (
          <DataTable
            label={t("silent")}
            pages={silent}
            keyOf={(each) => each.meter_id}
            to={(each) => `${each.meter_id}`}
            empty={{ title: t("noneSilent"), hint: t("noneSilentHint") }}
            columns={[
              { key: "serial", title: t("serial"), cell: (each) => each.serial },
              { key: "unit", title: t("unit"), phone: "bare", cell: (each) => nameOf(each.unit_id) },
              { key: "since", title: t("silentSince"), phone: "line", cell: (each) => formats.moment(each.silent_since) },
            ]}
          />
        ) : (
          <DataTable
            label={t("meters")}
            pages={meters}
            columns={columns}
            keyOf={(each) => each.meter_id}
            to={(each) => `${each.meter_id}`}
            order={sorted}
            onOrder={(next) => filtering.set("order", next)}
            empty={{ title: filtering.isFiltered ? t("noneFound") : t("noMeters"), hint: filtering.isFiltered ? null : t("noMetersHint") }}
            isEndless
          />
        )}
      </Card>
    </Page>
  );
}

function Serial({ meter }: { meter: Meter }): ReactNode {
  return (
    <span className={classes.serial}>
      <UtilityIcon utility={meter.utility} />
      {meter.serial}
    </span>
  );
}

function Speaks({ meter, since }: { meter: Meter; since: string | undefined }): ReactNode {
  const { t } = useTranslation("devices");
  if (since !== undefined) return <Tag tone="low" icon={<IconAntennaBarsOff aria-hidden />}>{t("silent")}</Tag>;
  if (meter.device === null) return meter.is_read_by_hand ? <Tag icon={<IconHandFinger aria-hidden />}>{t("byHand")}</Tag> : <Tag>{t("noDevice")}</Tag>;
  return <Tag tone="good">{t("speaks")}</Tag>;
}
