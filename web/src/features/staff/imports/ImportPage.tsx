import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconDownload } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { $api, api, useEstate, usePages, type Schemas } from "@api";
import { Card, Notice, Page, sentence, Show, useFormats, Wrong } from "@ui";
import { DataTable, Fact, Facts, ObjectPage, saveFile, type Column } from "@ui/staff";
import { Carry } from "./Carry";
import { sendRows } from "./send";
import { AGAIN_MS, isUnderWay, StateTag } from "./words";
import classes from "./Imports.module.css";

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
  if (asked.data === undefined) {
    return (
      <Page title={t("title")}>
        <Card>
          <Show asked={asked}>{() => null}</Show>
        </Card>
      </Page>
    );
  }
  return <Loaded key={importId} file={asked.data} />;
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
        {isUnderWay(state) ? (
          <div role="status">
            <p>{t("progress", { done: formats.number(rows.done), total: formats.number(rows.total) })}</p>
            <progress className={classes.progress} aria-label={t("progressLabel")} max={Math.max(rows.total, 1)} value={rows.done} />
          </div>
        ) : state === "refused" ? (
          <Notice tone="out">{t("refusedHint")}</Notice>
        ) : null}
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
  const take = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.GET("/api/v1/estates/{estate_id}/imports/{import_id}/errors.csv", { params, parseAs: "blob" });
      if (data === undefined) throw error;
      saveFile(data as Blob, `errors-${file.file_name}`);
    },
  });
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
    <Card
      title={t("faults")}
      action={
        <Button variant="default" leftSection={<IconDownload aria-hidden size={18} />} loading={take.isPending} onClick={() => take.mutate()}>
          {t("errorFile")}
        </Button>
      }
    >
      <p className="quiet small">{t("faultsHint")}</p>
      <Wrong error={take.error} />
      <DataTable label={t("faults")} columns={columns} pages={{ ...failed, data: faults }} keyOf={(each) => each.key} empty={{ title: t("noFaults") }} />
    </Card>
  );
}
