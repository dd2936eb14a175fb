import { Button } from "@mantine/core";
import { IconAlertTriangle, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, useEstate, usePages, useWhole } from "@api";
import { Card, Page, Tag, useFormats } from "@ui";
import { DataTable, Filters, useFilters } from "@ui/staff";
import { Areas } from "./Areas";

/** The devices that speak for an estate's meters. */
export default function DevicesPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const filtering = useFilters("q", "driver", "issue");
  const { q, driver, issue } = filtering.values;
  const drivers = $api.useQuery("get", "/api/v1/drivers", {}, { staleTime: Infinity });
  const query = { q, limit: 100, ...(driver === "" ? {} : { driver }), ...(issue === "" ? {} : { has_issue: issue === "yes" }) };
  const devices = usePages("/api/v1/estates/{estate_id}/devices", { params: { path, query } }, { by: "after_id" });
  const troubled = useWhole(usePages("/api/v1/estates/{estate_id}/device-issues", { params: { path, query: { state: "open", limit: 1000 } } }));
  // until all of them are known nothing is called fine
  const isTroubled = troubled && new Set(troubled.map((each) => each.device_id));
  return (
    <Page
      title={t("devices")}
      aside={
        may("meters.write") ? (
          <Button component={Link} to="new" leftSection={<IconPlus aria-hidden size={18} />}>
            {t("addDevice")}
          </Button>
        ) : null
      }
    >
      <Areas />
      <Card>
        <Filters
          filtering={filtering}
          search={{ name: "q", label: t("searchName") }}
          fields={[
            { name: "driver", label: t("driver"), options: (drivers.data?.items ?? []).map((each) => [each.name, each.name]) },
            { name: "issue", label: t("issues"), options: [["yes", t("withIssue")], ["no", t("withoutIssue")]] },
          ]}
        />
        <DataTable
          label={t("devices")}
          pages={devices}
          keyOf={(each) => each.device_id}
          to={(each) => `${each.device_id}`}
          isEndless
          empty={{ title: filtering.isFiltered ? t("noneFound") : t("noDevices"), hint: filtering.isFiltered ? null : t("noDevicesHint") }}
          columns={[
            { key: "name", title: t("name"), cell: (each) => each.name },
            { key: "driver", title: t("driver"), phone: "bare", cell: (each) => (each.model === "" ? each.driver : `${each.driver}, ${each.model}`) },
            { key: "heard", title: t("heard"), phone: "line", cell: (each) => (each.last_heard_at === null ? t("never") : formats.moment(each.last_heard_at)) },
            {
              key: "state",
              title: t("state"),
              phone: "value",
              cell: (each) =>
                isTroubled === undefined ? null : isTroubled.has(each.device_id) ? (
                  <Tag tone="low" icon={<IconAlertTriangle aria-hidden />}>
                    {t("lookAfter")}
                  </Tag>
                ) : (
                  <Tag tone={each.last_heard_at === null ? "plain" : "good"}>{t(each.last_heard_at === null ? "notHeard" : "fine")}</Tag>
                ),
            },
          ]}
        />
      </Card>
    </Page>
  );
}
