import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { $api, api, useEstate, usePages, type Schemas } from "@api";
import { Card, sentence, useFormats } from "@ui";
import { type Column, DataTable, Fact, Facts, ObjectPage, Until, useFile } from "@ui/staff";
import { Carry } from "./Carry";
import { FaultsCard, Progress } from "./FileParts";
import { sendRows } from "./send";
import { AGAIN_MS, isUnderWay, StateTag } from "./words";

type Import = Schemas["mita__imports__schemas__files__ImportOut"];

interface Fault {
  key: string;
  row: number;
  column: string;
  value: string;
  message: string;
}

/** One file of rows: how far it is, what became of it, what was wrong in which row, and what to do next. */
export default function ImportPage(): ReactNode {
  const { t } = useTranslation("imports");
  const { path } = useEstate();
  const importId = useParams().importId!;
  const asked = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/imports/{import_id}",
    { params: { path: { ...path, import_id: importId } } },
    { refetchInterval: ({ state }) => (isUnderWay((state.data as Import | undefined)?.state) ? AGAIN_MS : false) },
  );
  return (
    <Until title={t("title")} asked={asked}>
      {(found) => <Loaded key={importId} file={found} />}
    </Until>
  );
}

function Loaded({ file }: { file: Import }): ReactNode {
  const { t } = useTranslation("imports");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { rows, state, is_dry_run: isTried } = file;
  const good = rows.created + rows.updated + rows.unchanged;
  return (
    <ObjectPage title={file.file_name} back={{ to: "..", word: t("title") }} state={<StateTag state={state} isTried={isTried} />}>
      <Card>
        <Progress state={state} of={rows} />
        <Facts>
          <Fact label={t("kindWord")}>{t(`kind.${file.kind}`)}</Fact>
          <Fact label={t("rows")}>{formats.number(rows.total)}</Fact>
          <Fact label={t(isTried ? "wouldCreate" : "created")}>{formats.number(rows.created)}</Fact>
          <Fact label={t(isTried ? "wouldUpdate" : "updated")}>{formats.number(rows.updated)}</Fact>
          <Fact label={t("unchanged")}>{formats.number(rows.unchanged)}</Fact>
          <Fact label={t("failed")}>{formats.number(rows.failed)}</Fact>
          <Fact label={t("withheld")}>{formats.number(rows.withheld)}</Fact>
          <Fact label={t("when")}>{formats.moment(file.created_at)}</Fact>
        </Facts>
        {file.notes.map((note) => (
          <p key={note} className="quiet small">
            {sentence(note)}
          </p>
        ))}
      </Card>
      {rows.failed > 0 && !isUnderWay(state) ? <Faults file={file} /> : null}
      {isTried && state !== "stopped" && !isUnderWay(state) ? (
        <Carry id={file.import_id} faults={rows.failed} good={good + rows.withheld} send={(given, mode) => sendRows(path, file.kind, { file: given, mode, isTried: false })} />
      ) : null}
    </ObjectPage>
  );
}

function Faults({ file }: { file: Import }): ReactNode {
  const { t } = useTranslation("imports");
  const { path } = useEstate();
  const params = { path: { ...path, import_id: file.import_id } };
  const failed = usePages("/api/v1/estates/{estate_id}/imports/{import_id}/rows", { params: { ...params, query: { state: "failed" } } }, { by: "after_line" });
  const take = useFile(() => api.GET("/api/v1/estates/{estate_id}/imports/{import_id}/errors.csv", { params, parseAs: "blob" }), () => `errors-${file.file_name}`);
  const faults = failed.data?.flatMap(({ row, faults: all }) =>
    all.map(({ column, value, message }, at): Fault => ({ key: `${row}-${at}`, row, column, value, message: sentence(message) })),
  );
  const columns: Column<Fault>[] = [
    { key: "row", title: t("row"), cell: (each) => t("rowAt", { row: each.row }) },
    { key: "column", title: t("column"), cell: (each) => each.column, phone: "value" },
    { key: "value", title: t("value"), cell: (each) => each.value },
    { key: "why", title: t("why"), cell: (each) => each.message, phone: "bare" },
  ];
  return (
    <FaultsCard take={take}>
      <p className="quiet small">{t("faultsHint")}</p>
      <DataTable label={t("faults")} columns={columns} pages={{ ...failed, data: faults }} keyOf={(each) => each.key} empty={{ title: t("noFaults") }} />
    </FaultsCard>
  );
}
