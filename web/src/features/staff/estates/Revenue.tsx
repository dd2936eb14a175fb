import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Empty, micro, Show, StackedBars, useFormats } from "@ui";

/** What the estate charged, month by month, by utility. */
export function Revenue(): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/revenue", { params: { path, query: { months: 12 } } });
  const word = t as unknown as (key: string, options: object) => string;
  return (
    <Card title={t("revenueMonths")}>
      <Show asked={asked} lines={6}>
        {({ labels, items, totals }) =>
          totals.every((each) => micro(each) === 0n) ? (
            <Empty title={t("noRevenue")}>{t("noRevenueHint")}</Empty>
          ) : (
            <StackedBars
              labels={labels.map((each) => formats.label(each, "month"))}
              series={items.map(({ code, name, values }) => {
                const utility = code.split(":")[1]!;
                return { key: utility, name: word(`common:utility.${utility}`, { defaultValue: name }), values };
              })}
              shown={(value) => formats.money(value)}
            />
          )
        }
      </Show>
    </Card>
  );
}
