import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Page, Tag, useFormats } from "@ui";
import { DataTable } from "@ui/staff";
import { Areas } from "./Areas";
import { PlanEvent } from "./PlanEvent";

type State = Schemas["FlexibilityEventOut"]["state"];

/** Hours for which the estate asks units to use less. */
export default function EventsPage(): ReactNode {
  const { t } = useTranslation("supplies");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const events = usePages("/api/v1/estates/{estate_id}/flexibility-events", { params: { path, query: { limit: 50 } } });
  return (
    <Page title={t("flexibility")} aside={<PlanEvent />}>
      <Areas />
      <Card>
        <DataTable
          label={t("flexibility")}
          pages={events}
          keyOf={(each) => each.flexibility_event_id}
          to={(each) => each.flexibility_event_id}
          isEndless
          empty={{ title: t("noEvents"), hint: t("noEventsHint") }}
          columns={[
            { key: "title", title: t("event"), cell: (each) => each.title },
            { key: "when", title: t("when"), phone: "bare", cell: (each) => `${formats.moment(each.from_at)} – ${formats.moment(each.until_at)}` },
            { key: "what", title: t("what"), phone: "bare", cell: (each) => (each.limit_w === null ? t("shed") : t("limitTo", { watts: formats.number(each.limit_w) })) },
            { key: "units", title: t("confirmedUnits"), isNumber: true, cell: (each) => formats.number(each.units.confirmed ?? 0) },
            { key: "state", title: t("state"), phone: "value", cell: (each) => <EventTag state={each.state} /> },
          ]}
        />
      </Card>
    </Page>
  );
}

function EventTag({ state }: { state: State }): ReactNode {
  const { t } = useTranslation("supplies");
  return <Tag tone={state === "running" ? "asked" : state === "over" ? "good" : "plain"}>{t(`eventState.${state}`)}</Tag>;
}
