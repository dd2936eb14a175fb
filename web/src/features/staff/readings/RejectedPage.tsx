import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages } from "@api";
import { Card, Page, sentence, useFormats } from "@ui";
import { DataTable } from "@ui/staff";
import { Areas } from "./Areas";

/** What came as a reading and cannot be one, with its reason and what it was. */
export default function RejectedPage(): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const rejected = usePages("/api/v1/estates/{estate_id}/readings", { params: { path, query: { class: "rejected", limit: 100 } } });
  return (
    <Page title={t("rejected")}>
      <Areas />
      <Card>
        <DataTable
          label={t("rejected")}
          pages={rejected}
          keyOf={(each) => `${each.received_at} ${each.meter} ${each.raw}`}
          isEndless
          empty={{ title: t("noneRejected"), hint: t("noneRejectedHint") }}
          columns={[
            { key: "meter", title: t("meter"), cell: (each) => each.meter ?? t("unknownMeter") },
            { key: "at", title: t("received"), phone: "value", cell: (each) => formats.moment(each.received_at) },
            { key: "why", title: t("reason"), phone: "bare", cell: (each) => sentence(each.reason) },
            { key: "raw", title: t("raw"), phone: "bare", cell: (each) => (each.raw == null ? null : <code>{each.raw}</code>) },
          ]}
        />
      </Card>
    </Page>
  );
}
