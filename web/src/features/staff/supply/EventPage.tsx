import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { $api, refreshEstate, useEstate, usePages, useUnits, type Schemas } from "@api";
import { Card, sentence, Show, Tag, useFormats } from "@ui";
import { Confirm, DataTable, Fact, Facts, ObjectPage } from "@ui/staff";

type Event = Schemas["FlexibilityEventOut"];
const OUTCOMES = ["planned", "asked", "confirmed", "failed", "cannot", "protected", "declined", "left"] as const;
const ONE = "/api/v1/estates/{estate_id}/flexibility-events/{flexibility_event_id}";

/** One flexibility event: what it asks, and how far each unit got by its device's word. */
export default function EventPage(): ReactNode {
  const { t } = useTranslation("supplies");
  const { estate, path: of } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(of);
  const path = { ...of, flexibility_event_id: useParams().eventId ?? "" };
  const event = $api.useQuery("get", ONE, { params: { path } });
  const units = usePages(`${ONE}/units`, { params: { path, query: { limit: 200 } } }, { by: "after_id" });
  return (
    <Show asked={event} lines={6}>
      {(found) => (
        <ObjectPage
          title={found.title}
          back={{ to: `/estates/${estate.estate_id}/flexibility`, word: t("flexibility") }}
          state={<Tag tone={found.state === "running" ? "asked" : "plain"}>{t(`eventState.${found.state}`)}</Tag>}
          id={found.flexibility_event_id}
          actions={<Cancel event={found} path={path} />}
        >
          <Card>
            <Facts>
              <Fact label={t("fromAt")}>{formats.moment(found.from_at)}</Fact>
              <Fact label={t("untilAt")}>{formats.moment(found.until_at)}</Fact>
              <Fact label={t("what")}>{found.limit_w === null ? t("shed") : t("limitTo", { watts: formats.number(found.limit_w) })}</Fact>
              {OUTCOMES.filter((each) => (found.units[each] ?? 0) > 0).map((each) => (
                <Fact key={each} label={t(`outcome.${each}`)}>
                  {formats.number(found.units[each] ?? 0)}
                </Fact>
              ))}
            </Facts>
          </Card>
          <Card title={t("units")}>
            <DataTable
              label={t("units")}
              pages={units}
              keyOf={(each) => each.unit_id}
              to={(each) => `/estates/${estate.estate_id}/supply/${each.unit_id}/electricity`}
              empty={{ title: t("noUnits") }}
              columns={[
                { key: "unit", title: t("unit"), cell: (each) => nameOf(each.unit_id) },
                { key: "state", title: t("state"), phone: "value", cell: (each) => <Tag tone={each.state === "confirmed" ? "good" : each.state === "failed" || each.state === "cannot" ? "low" : "plain"}>{t(`outcome.${each.state}`)}</Tag> },
                { key: "why", title: t("why"), phone: "bare", cell: (each) => sentence(each.reason) || null },
                { key: "at", title: t("changed"), phone: "none", cell: (each) => formats.moment(each.changed_at) },
              ]}
            />
          </Card>
        </ObjectPage>
      )}
    </Show>
  );
}

function Cancel({ event, path }: { event: Event; path: { estate_id: number; flexibility_event_id: string } }): ReactNode {
  const { t } = useTranslation("supplies");
  const { may } = useEstate();
  const cancel = $api.useMutation("post", `${ONE}/cancel`, { onSuccess: () => refreshEstate(path.estate_id) });
  if (event.state === "over" || event.state === "cancelled") return null;
  return (
    <Confirm
      label={t("cancelEvent")}
      title={t("cancelEvent")}
      action={t("cancelEvent")}
      isDangerous
      consequence={t("cancelHint")}
      whyNot={may("supply.control") ? undefined : t("mayNot")}
      isPending={cancel.isPending}
      error={cancel.error}
      onOpen={() => cancel.reset()}
      onConfirm={(close) => cancel.mutate({ params: { path } }, { onSuccess: close })}
    />
  );
}
