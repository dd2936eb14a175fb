import { useTranslation } from "react-i18next";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Page, useFormats } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";
import { AddUnits } from "./AddUnits";
import { KINDS, StandingTag, STANDINGS, StateTag, STATES } from "./words";

type Unit = Schemas["UnitRow"];
const LIMIT = 100;

/** Every unit of the estate: who lives there, how its money stands. */
export default function UnitsPage(): ReactNode {
  const { t } = useTranslation(["units", "common"]);
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const filtering = useFilters("q", "state", "kind", "standing", "has_meter");
  const [asked, setAsked] = useSearchParams();
  const order = (asked.get("order") ?? "name") as "name";
  const { q, state, kind, standing, has_meter } = filtering.values;
  const units = usePages(
    "/api/v1/estates/{estate_id}/units",
    {
      params: {
        path,
        query: {
          limit: LIMIT,
          order,
          ...(q === "" ? {} : { q }),
          ...(state === "" ? {} : { state: state as Unit["state"] }),
          ...(kind === "" ? {} : { kind: kind as Unit["kind"] }),
          ...(standing === "" ? {} : { standing: standing as "low" }),
          ...(has_meter === "" ? {} : { has_meter: has_meter === "true" }),
        },
      },
    },
    { by: "cursor" },
  );
  const columns: Column<Unit>[] = [
    { key: "name", title: t("name"), cell: (unit) => unit.name, order: "name", isTurned: true },
    { key: "state", title: t("stateWord"), cell: (unit) => <StateTag state={unit.state} />, phone: "value" },
    { key: "occupant", title: t("occupant"), cell: (unit) => unit.occupant_name, phone: "bare" },
    { key: "kind", title: t("kindWord"), cell: (unit) => t(`kind.${unit.kind}`), phone: "bare" },
    {
      key: "area",
      title: t("area"),
      cell: (unit) => (unit.floor_area === null ? null : formats.quantity(unit.floor_area.amount, "m²")),
      isNumber: true,
      order: "floor_area",
      isTurned: true,
      phone: "bare",
    },
    { key: "standing", title: t("money"), cell: (unit) => (unit.standing === null ? null : <StandingTag standing={unit.standing} />), phone: "bare" },
  ];
  return (
    <Page title={t("title")} aside={may("units.write") ? <AddUnits /> : null}>
      <Card>
        <Filters
          filtering={filtering}
          search={{ name: "q", label: t("search") }}
          fields={[
            { name: "state", label: t("stateWord"), options: STATES.map((each) => [each, t(`state.${each}`)]) },
            { name: "kind", label: t("kindWord"), options: KINDS.map((each) => [each, t(`kind.${each}`)]) },
            { name: "standing", label: t("money"), options: STANDINGS.map((each) => [each, t(`common:standing.${each}`)]) },
            { name: "has_meter", label: t("meters"), options: [["true", t("metered")], ["false", t("unmetered")]] },
          ]}
        />
        <DataTable
          label={t("title")}
          columns={columns}
          pages={units}
          keyOf={(unit) => unit.unit_id}
          to={(unit) => `${unit.unit_id}`}
          order={order}
          onOrder={(next) =>
            setAsked((before) => {
              before.set("order", next);
              return before;
            }, { replace: true, preventScrollReset: true })
          }
          empty={filtering.isFiltered ? { title: t("noneFound"), hint: t("noneFoundHint") } : { title: t("none"), hint: t("noneHint") }}
        />
      </Card>
    </Page>
  );
}
