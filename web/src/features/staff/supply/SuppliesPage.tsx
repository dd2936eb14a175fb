import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, useUnits, useWhole, type Pages, type Schemas } from "@api";
import { Card, Page, SupplyTag, useFormats } from "@ui";
import { DataTable, Filters, useFilters } from "@ui/staff";
import { Areas } from "./Areas";
import { knownOf, type Known } from "./known";

type Meter = Schemas["MeterOut"];
type Command = Schemas["mita__credit__schemas__supplies__CommandOut"];
const MANY = 1000;

/** Each supply with its real state: what its device said, and what was asked of it. */
export default function SuppliesPage(): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const filtering = useFilters("show");
  const meters = usePages("/api/v1/estates/{estate_id}/meters", { params: { path, query: { limit: MANY } } }, { by: "after_id" });
  const supplies = usePages("/api/v1/estates/{estate_id}/supplies", { params: { path, query: { limit: MANY } } }, { by: "after_id" });
  const open = useOpen(path);
  const stops = usePages("/api/v1/estates/{estate_id}/supply-stops", { params: { path, query: { limit: MANY } } }, { by: "after_id" });
  const [said, stopped] = [useWhole(supplies), useWhole(stops)];
  const [saidOf, openOf, stoppedOf] = [bySupply(said), bySupply(open.data), bySupply(stopped)];
  const known = of(meters.data ?? []).map((each) => knownOf(each, saidOf(each)[0], openOf(each)));
  const why = (one: Known): string | null => stoppedOf(one).map((each) => t(`cause.${each.cause}`)).join(", ") || null;
  const show = filtering.values.show;
  const shown = known.filter((each) => (show === "off" ? !each.is_on : show === "moving" ? each.asked !== null : show === "stopped" ? why(each) !== null : true));
  const isReady = said !== undefined && stopped !== undefined && open.data !== undefined;
  const error = meters.error ?? supplies.error ?? stops.error ?? open.error;
  return (
    <Page title={t("title")}>
      <Areas />
      <Card>
        <Filters
          filtering={filtering}
          fields={[{ name: "show", label: t("state"), options: [["off", t("common:supply.off")], ["moving", t("moving")], ["stopped", t("stopped")]] }]}
        />
        <DataTable
          label={t("supplies")}
          pages={{ ...meters, data: meters.data === undefined || !isReady ? undefined : shown, error, isPending: error === null && !isReady }}
          keyOf={nameOfSupply}
          to={(each) => `${each.unit_id}/${each.utility}`}
          empty={{ title: filtering.isFiltered ? t("noneFound") : t("none"), hint: filtering.isFiltered ? null : t("noneHint") }}
          columns={[
            { key: "unit", title: t("unit"), cell: (each) => nameOf(each.unit_id) },
            { key: "utility", title: t("utility"), phone: "bare", cell: (each) => t(`common:utility.${each.utility}`) },
            { key: "state", title: t("state"), phone: "value", cell: (each) => <SupplyTag supply={each} /> },
            { key: "asked", title: t("asked"), phone: "bare", cell: (each) => (each.step === null ? null : t(`step.${each.step}`)) },
            { key: "why", title: t("why"), phone: "bare", cell: why },
            { key: "since", title: t("deviceSaid"), phone: "none", cell: (each) => (each.since === null ? t("saidNothing") : formats.moment(each.since)) },
          ]}
        />
      </Card>
    </Page>
  );
}

type Supply = Pick<Meter, "unit_id" | "utility">;

function nameOfSupply({ unit_id, utility }: Supply): string {
  return `${unit_id} ${utility}`;
}

/** The supplies that there are: a unit's meters of one utility are one supply. */
function of(meters: Meter[]): Supply[] {
  return [...new Map(meters.map(({ unit_id, utility }) => [nameOfSupply({ unit_id, utility }), { unit_id, utility }])).values()];
}

/** What there is of each supply: of thousands none is looked for among all others. */
function bySupply<Item extends Supply>(items: readonly Item[] | undefined): (one: Supply) => Item[] {
  const found = new Map<string, Item[]>();
  for (const each of items ?? []) found.set(nameOfSupply(each), [...(found.get(nameOfSupply(each)) ?? []), each]);
  return (one) => found.get(nameOfSupply(one)) ?? [];
}

/** The commands that wait for their devices, whenever they were asked. */
function useOpen(path: { estate_id: number }): { data: Command[] | undefined; error: unknown } {
  const each = [useIn(path, "asked"), useIn(path, "queued"), useIn(path, "sent"), useIn(path, "acknowledged")];
  const whole = each.map(([, items]) => items);
  return {
    data: whole.every((items) => items !== undefined) ? whole.flat() : undefined,
    error: each.find(([pages]) => pages.error !== null)?.[0].error ?? null,
  };
}

function useIn(path: { estate_id: number }, state: Command["state"]): [Pages<Command>, Command[] | undefined] {
  const pages = usePages("/api/v1/estates/{estate_id}/supply-commands", { params: { path, query: { limit: MANY, state } } });
  return [pages, useWhole(pages)];
}
