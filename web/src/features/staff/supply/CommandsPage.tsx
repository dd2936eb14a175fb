import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, useUnits, type Schemas } from "@api";
import { Card, Page, sentence, useFormats } from "@ui";
import { DataTable, Filters, useFilters } from "@ui/staff";
import { Areas } from "./Areas";
import { StepTag } from "./Timeline";

const STATES: Schemas["mita__credit__schemas__supplies__CommandOut"]["state"][] = ["asked", "queued", "sent", "acknowledged", "confirmed", "failed"];

/** What was asked of the estate's devices, newest first, and how far each got. */
export default function CommandsPage(): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const filtering = useFilters("state");
  const state = STATES.find((each) => each === filtering.values.state);
  const commands = usePages("/api/v1/estates/{estate_id}/supply-commands", { params: { path, query: { limit: 100, ...(state === undefined ? {} : { state }) } } });
  return (
    <Page title={t("commands")}>
      <Areas />
      <Card>
        <p className="quiet small">{t("nothingDone")}</p>
        <Filters filtering={filtering} fields={[{ name: "state", label: t("state"), options: STATES.map((each) => [each, t(`step.${each}`)]) }]} />
        <DataTable
          label={t("commands")}
          pages={commands}
          keyOf={(each) => each.command_id}
          to={(each) => `../supply/${each.unit_id}/${each.utility}`}
          isEndless
          empty={{ title: t("noCommands"), hint: t("noCommandsHint") }}
          columns={[
            { key: "unit", title: t("unit"), cell: (each) => nameOf(each.unit_id) },
            { key: "utility", title: t("utility"), phone: "bare", cell: (each) => t(`common:utility.${each.utility}`) },
            { key: "action", title: t("what"), phone: "bare", cell: (each) => (each.limit_w === null ? t(`action.${each.action}`) : t("limitTo", { watts: formats.number(each.limit_w) })) },
            { key: "state", title: t("state"), phone: "value", cell: (each) => <StepTag state={each.state} /> },
            { key: "why", title: t("why"), phone: "bare", cell: (each) => sentence(each.failure || each.reason) },
            { key: "at", title: t("changed"), phone: "bare", cell: (each) => formats.moment(each.changed_at) },
          ]}
        />
      </Card>
    </Page>
  );
}
