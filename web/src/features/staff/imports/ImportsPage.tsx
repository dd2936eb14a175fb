import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Page, useFormats } from "@ui";
import { DataTable, type Column } from "@ui/staff";
import { NewImport } from "./NewImport";
import { StateTag } from "./words";

type Import = NonNullable<ReturnType<typeof useImports>["data"]>[number];
type ReadingFile = Schemas["ReadingFileOut"];

function useImports() {
  const { path } = useEstate();
  return usePages("/api/v1/estates/{estate_id}/imports", { params: { path } });
}

/** Bring lists and files of readings into the estate, and what became of those before. */
export default function ImportsPage(): ReactNode {
  const { t } = useTranslation("imports");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const imports = useImports();
  const files = usePages("/api/v1/estates/{estate_id}/reading-files", { params: { path } }, { isEnabled: may("readings.read") });
  const rows: Column<Import>[] = [
    { key: "file", title: t("file"), cell: (each) => each.file_name },
    { key: "state", title: t("stateWord"), cell: (each) => <StateTag state={each.state} isTried={each.is_dry_run} />, phone: "value" },
    { key: "kind", title: t("kindWord"), cell: (each) => t(`kind.${each.kind}`), phone: "bare" },
    { key: "rows", title: t("rows"), cell: (each) => formats.number(each.rows.total), isNumber: true },
    { key: "failed", title: t("failed"), cell: (each) => formats.number(each.rows.failed), isNumber: true },
    { key: "when", title: t("when"), cell: (each) => formats.moment(each.created_at), phone: "bare" },
  ];
  const readings: Column<ReadingFile>[] = [
    { key: "file", title: t("file"), cell: (each) => each.file_name },
    { key: "state", title: t("stateWord"), cell: (each) => <StateTag state={each.state} isTried={each.is_dry_run} />, phone: "value" },
    { key: "format", title: t("format"), cell: (each) => each.format, phone: "bare" },
    { key: "new", title: t("newReadings"), cell: (each) => formats.number(each.readings.new), isNumber: true },
    { key: "faults", title: t("failed"), cell: (each) => formats.number(each.fault_count), isNumber: true },
    { key: "when", title: t("when"), cell: (each) => formats.moment(each.created_at), phone: "bare" },
  ];
  return (
    <Page title={t("title")}>
      <NewImport />
      <Card title={t("history")}>
        <DataTable label={t("history")} columns={rows} pages={imports} keyOf={(each) => each.import_id} to={(each) => each.import_id} empty={{ title: t("none"), hint: t("noneHint") }} />
      </Card>
      {may("readings.read") ? (
        <Card title={t("readingFiles")}>
          <DataTable
            label={t("readingFiles")}
            columns={readings}
            pages={files}
            keyOf={(each) => each.reading_file_id}
            to={(each) => `../reading-files/${each.reading_file_id}`}
            empty={{ title: t("noFiles"), hint: t("noFilesHint") }}
          />
        </Card>
      ) : null}
    </Page>
  );
}
