import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages } from "@api";
import { Card, Empty, More, Page, Show } from "@ui";
import { Filters, useFilters } from "@ui/staff";
import { Areas } from "./Areas";
import { Issues } from "./Issues";

/** What is to be looked after of an estate's devices and meters, the worst first. */
export default function IssuesPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { path } = useEstate();
  const filtering = useFilters("state", "severity");
  const state = filtering.values.state === "over" ? ("over" as const) : ("open" as const);
  const issues = usePages("/api/v1/estates/{estate_id}/issues", { params: { path, query: { state, limit: 200 } } });
  const wanted = filtering.values.severity;
  return (
    <Page title={t("issues")}>
      <Areas />
      <Card>
        <Filters
          filtering={filtering}
          fields={[
            { name: "state", label: t("state"), options: [["open", t("issueOpen")], ["over", t("issueOver")]] },
            { name: "severity", label: t("severity"), options: [["urgent", t("urgent")], ["warning", t("warning")]] },
          ]}
        />
        <Show asked={issues} lines={6}>
          {(items) => {
            const shown = items
              .filter((each) => wanted === "" || each.severity === wanted)
              .sort((one, other) => Number(other.severity === "urgent") - Number(one.severity === "urgent"));
            return shown.length === 0 ? <Empty title={t("noIssues")}>{t("noIssuesHint")}</Empty> : <Issues items={shown} isNamed />;
          }}
        </Show>
        <More pages={issues} />
      </Card>
    </Page>
  );
}
