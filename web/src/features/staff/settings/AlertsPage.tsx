import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, usePages, type Schemas } from "@api";
import { Card, Page, sentence, Tag, useFormats, Wrong } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";

const LIST = "/api/v1/estates/{estate_id}/alerts";
type Alert = Schemas["AlertOut"];

/** What the estate's staff should know, the newest first. */
export default function AlertsPage(): ReactNode {
  const { t } = useTranslation("settings");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const filtering = useFilters("open");
  const { open } = filtering.values;
  const alerts = usePages(LIST, { params: { path, query: { limit: 50, ...(open === "" ? {} : { is_open: open === "yes" }) } } });
  const columns: Column<Alert>[] = [
    { key: "what", title: t("alert.what"), cell: (each) => sentence(each.sentence) },
    { key: "state", title: t("alert.state"), phone: "value", cell: (each) => (each.resolved_at === null ? <Tag tone={each.seen_at === null ? "low" : "plain"}>{t("alert.lasts")}</Tag> : <Tag tone="good">{t("alert.over")}</Tag>) },
    { key: "at", title: t("alert.since"), isNumber: true, cell: (each) => formats.moment(each.raised_at) },
    { key: "seen", title: t("alert.seen"), phone: "bare", cell: (each) => (each.seen_at === null ? <Seen alert={each} /> : formats.moment(each.seen_at)) },
  ];
  return (
    <Page title={t("alert.title")}>
      <Card>
        <Filters
          filtering={filtering}
          fields={[
            {
              name: "open",
              label: t("alert.state"),
              options: [
                ["yes", t("alert.lasts")],
                ["no", t("alert.over")],
              ],
            },
          ]}
        />
        <DataTable label={t("alert.title")} columns={columns} pages={alerts} keyOf={(each) => each.alert_id} empty={{ title: t("alert.none"), hint: t("alert.noneHint") }} isEndless />
      </Card>
    </Page>
  );
}

function Seen({ alert }: { alert: Alert }): ReactNode {
  const { t } = useTranslation("settings");
  const { path } = useEstate();
  const client = useQueryClient();
  const mark = $api.useMutation("post", `${LIST}/{alert_id}/seen`, { onSuccess: () => client.invalidateQueries({ queryKey: ["get", LIST] }) });
  return (
    <>
      <Button variant="default" loading={mark.isPending} onClick={() => mark.mutate({ params: { path: { ...path, alert_id: alert.alert_id } } })}>
        {t("alert.mark")}
      </Button>
      <Wrong error={mark.error} />
    </>
  );
}
