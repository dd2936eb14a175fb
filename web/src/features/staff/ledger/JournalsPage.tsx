import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, localDate, useFormats } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";
import { LedgerPage, useLedgerPath } from "./LedgerPage";
import { monthsBefore } from "./months";
import { useKind } from "./useKind";

type Journal = Schemas["JournalOut"];

const KINDS = ["charge", "top_up", "reversal", "transfer", "adjustment", "purchase", "pay_out", "banking", "distribution", "cover", "promotion", "promotion_expiry", "emergency", "debt", "handover"];
const MONTHS = 24;

/** Why money moved, newest first. */
export default function JournalsPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const kind = useKind();
  const to = useLedgerPath();
  const filtering = useFilters("kind", "period");
  const query = { kind: filtering.values.kind || undefined, period: filtering.values.period || undefined, limit: 100 };
  const pages = usePages("/api/v1/estates/{estate_id}/ledger/journals", { params: { path, query } });
  const columns: Column<Journal>[] = [
    { key: "kind", title: t("what"), cell: (each) => kind(each.kind) },
    { key: "memo", title: t("memo"), cell: (each) => (each.memo === "" ? null : each.memo), phone: "bare" },
    { key: "actor", title: t("actor"), cell: (each) => each.actor },
    { key: "period", title: t("month"), cell: (each) => formats.label(each.period, "month"), phone: "none" },
    { key: "booked", title: t("booked"), cell: (each) => formats.moment(each.booked_at), isNumber: true, phone: "value" },
  ];
  return (
    <LedgerPage title={t("part.journals")}>
      <Card>
        <Filters
          filtering={filtering}
          fields={[
            { name: "kind", label: t("what"), options: KINDS.map((each) => [each, kind(each)]) },
            {
              name: "period",
              label: t("month"),
              options: monthsBefore(localDate(new Date(), estate.time_zone), MONTHS).map((each) => [each, formats.label(each, "month")]),
            },
          ]}
        />
        <DataTable
          label={t("part.journals")}
          columns={columns}
          pages={pages}
          keyOf={(each) => each.journal_id}
          to={(each) => to(`/journals/${each.journal_id}`)}
          empty={{ title: t("noJournals"), hint: t(filtering.isFiltered ? "noJournalsFound" : "noJournalsHint") }}
        />
      </Card>
    </LedgerPage>
  );
}
