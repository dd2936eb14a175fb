import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, useFormats } from "@ui";
import { DataTable, type Column } from "@ui/staff";

type Stay = Schemas["OccupancyOut"];
type Share = Schemas["OwnershipOut"];
const WHOLE = 1_000_000;

/** Who lives and lived in a unit, and who owns and owned it. */
export function UnitPeople({ unitId }: { unitId: number }): ReactNode {
  const { t } = useTranslation("units");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const query = { params: { path, query: { unit_id: unitId } } };
  const stays = usePages("/api/v1/estates/{estate_id}/occupancies", query, { by: "after_id" });
  const shares = usePages("/api/v1/estates/{estate_id}/ownerships", query, { by: "after_id" });
  const day = (on: string | null): string | null => (on === null ? null : formats.date(on));
  const name: Column<Stay | Share> = { key: "name", title: t("person"), cell: (each) => each.person_name ?? `#${each.person_id}` };
  const days: Column<Stay | Share>[] = [
    { key: "from", title: t("from"), cell: (each) => day(each.from_on) },
    { key: "until", title: t("until"), cell: (each) => day(each.until_on) ?? t("open") },
  ];
  const to = (each: Stay | Share): string => `../../people/${each.person_id}`;
  const share = (of: string): string => formats.number(Number(of.replace(".", "")) / WHOLE, { style: "percent", maximumFractionDigits: 2 });
  return (
    <Card title={t("people")}>
      <DataTable
        label={t("occupants")}
        columns={[name as Column<Stay>, { key: "main", title: t("role"), cell: (each) => (each.is_main ? t("mainOccupant") : t("coOccupant")), phone: "bare" }, ...(days as Column<Stay>[])]}
        pages={stays}
        keyOf={(each) => each.occupancy_id}
        to={to}
        empty={{ title: t("nobody"), hint: t("nobodyHint") }}
      />
      {shares.data === undefined || shares.data.length === 0 ? null : (
        <DataTable
          label={t("owners")}
          columns={[name as Column<Share>, { key: "share", title: t("owns"), cell: (each) => share(each.share), phone: "line" }, ...(days as Column<Share>[])]}
          pages={shares}
          keyOf={(each) => each.ownership_id}
          to={to}
          empty={{ title: t("nobody") }}
        />
      )}
    </Card>
  );
}
