import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages } from "@api";
import { Card, Page, useFormats } from "@ui";
import { DataTable } from "@ui/staff";
import { Areas } from "./Areas";

/** Held readings of which somebody said that they are wrong. */
export default function AsidePage(): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const aside = usePages("/api/v1/estates/{estate_id}/readings", { params: { path, query: { class: "held", is_set_aside: true, limit: 100 } } });
  return (
    <Page title={t("aside")}>
      <Areas />
      <Card>
        <DataTable
          label={t("aside")}
          pages={aside}
          keyOf={(each) => `${each.register_id} ${each.taken_at}`}
          isEndless
          empty={{ title: t("noneAside"), hint: t("noneAsideHint") }}
          columns={[
            { key: "meter", title: t("meter"), cell: (each) => each.meter },
            { key: "at", title: t("taken"), phone: "bare", cell: (each) => (each.taken_at == null ? null : formats.moment(each.taken_at)) },
            { key: "value", title: t("value"), isNumber: true, phone: "value", cell: (each) => (each.value == null ? null : formats.quantity(each.value.amount, each.value.unit)) },
            { key: "why", title: t("reason"), phone: "bare", cell: (each) => each.set_aside?.reason },
            { key: "by", title: t("by"), cell: (each) => (each.set_aside == null ? null : `${each.set_aside.by}, ${formats.moment(each.set_aside.at)}`) },
          ]}
        />
      </Card>
    </Page>
  );
}
