import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { $api, api, useEstate, type Schemas } from "@api";
import { Card, sentence, useFormats } from "@ui";
import { type Column, DataTable, Fact, Facts, givenList, ObjectPage, Until, useFile } from "@ui/staff";
import { Carry } from "./Carry";
import { FaultsCard, Progress } from "./FileParts";
import { sendReadings } from "./send";
import { AGAIN_MS, isUnderWay, StateTag } from "./words";

type File = Schemas["ReadingFileDetail"];
type Fault = File["faults"][number];
type Register = File["registers"][number];

/** One file of readings: what it brings, register by register, what is wrong with it, and what it costs. */
export default function ReadingFilePage(): ReactNode {
  const { t } = useTranslation("imports");
  const { path } = useEstate();
  const fileId = useParams().fileId!;
  const asked = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/reading-files/{reading_file_id}",
    { params: { path: { ...path, reading_file_id: fileId } } },
    { refetchInterval: ({ state }) => (isUnderWay((state.data as File | undefined)?.state) ? AGAIN_MS : false) },
  );
  return (
    <Until title={t("readingFiles")} asked={asked}>
      {(found) => <Loaded key={fileId} file={found} />}
    </Until>
  );
}

function Loaded({ file }: { file: File }): ReactNode {
  const { t } = useTranslation("imports");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { readings, state, is_dry_run: isTried } = file;
  const registers: Column<Register>[] = [
    { key: "meter", title: t("meter"), cell: (each) => `${each.serial ?? each.meter} · ${each.register}` },
    { key: "new", title: t("newReadings"), cell: (each) => formats.number(each.new), isNumber: true, phone: "value" },
    { key: "known", title: t("known"), cell: (each) => formats.number(each.known), isNumber: true },
    { key: "first", title: t("first"), cell: (each) => (each.first_at === null ? null : formats.moment(each.first_at)) },
    { key: "last", title: t("last"), cell: (each) => (each.last_at === null ? null : formats.moment(each.last_at)) },
    { key: "waits", title: t("waits"), cell: (each) => (each.waits_why === null ? null : sentence(each.waits_why)) },
  ];
  return (
    <ObjectPage title={file.file_name} back={{ to: "../../imports", word: t("title") }} state={<StateTag state={state} isTried={isTried} />}>
      <Card>
        <Progress state={state} of={readings} />
        <Facts>
          <Fact label={t("format")}>{file.format}</Fact>
          <Fact label={t("readings")}>{formats.number(readings.total)}</Fact>
          <Fact label={t("newReadings")}>{formats.number(readings.new)}</Fact>
          <Fact label={t("known")}>{formats.number(readings.known)}</Fact>
          <Fact label={t("failed")}>{formats.number(file.fault_count)}</Fact>
          <Fact label={t("charged")} hint={t("taxOf", { tax: formats.money(file.tax.amount) })}>
            {formats.money(file.net.amount)}
          </Fact>
        </Facts>
      </Card>
      {file.registers.length === 0 ? null : (
        <Card title={t("registers")}>
          <DataTable
            label={t("registers")}
            columns={registers}
            pages={givenList(file.registers)}
            keyOf={(each) => `${each.meter}-${each.register}`}
            empty={{ title: t("noFaults") }}
          />
        </Card>
      )}
      {file.fault_count > 0 ? <Faults file={file} /> : null}
      {isTried && state !== "stopped" && !isUnderWay(state) ? (
        <Carry id={file.reading_file_id} faults={file.fault_count} good={readings.new} send={(given, mode) => sendReadings(path, { file: given, mode, isTried: false })} />
      ) : null}
    </ObjectPage>
  );
}

function Faults({ file }: { file: File }): ReactNode {
  const { t } = useTranslation("imports");
  const { path } = useEstate();
  const params = { path: { ...path, reading_file_id: file.reading_file_id } };
  const take = useFile(() => api.GET("/api/v1/estates/{estate_id}/reading-files/{reading_file_id}/faults.csv", { params, parseAs: "blob" }), () => `errors-${file.file_name}.csv`);
  const columns: Column<Fault>[] = [
    { key: "row", title: t("row"), cell: (each) => t("rowAt", { row: each.line }) },
    { key: "meter", title: t("meter"), cell: (each) => each.meter, phone: "value" },
    { key: "why", title: t("why"), cell: (each) => sentence(each.message), phone: "bare" },
  ];
  return (
    <FaultsCard take={take}>
      <DataTable
        label={t("faults")}
        columns={columns}
        pages={givenList(file.faults)}
        keyOf={(each) => `${each.line}-${each.code}-${each.meter ?? ""}-${each.message}`}
        empty={{ title: t("noFaults") }}
      />
    </FaultsCard>
  );
}
