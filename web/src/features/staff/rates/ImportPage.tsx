import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, useEstate, type Schemas } from "@api";
import { Card, localDate, Notice, Page, Wrong } from "@ui";
import { nextMonth, type RateDocument } from "./document";
import { Reading } from "./Reading";
import classes from "./Rates.module.css";

type Format = "document" | "csv" | "urdb";
const UNDECIDED = { leave_out: false, confirm: false };
const CONTENT: Record<Format, string> = { document: "application/yaml", csv: "text/csv", urdb: "application/json" };

/** Prices out of a file: read, shown with what is odd about them, and stored once somebody has decided. */
export default function ImportPage(): ReactNode {
  const { t } = useTranslation(["rates", "common"]);
  const { estate, path } = useEstate();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [format, setFormat] = useState<Format>("document");
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const [from, setFrom] = useState(nextMonth(localDate(new Date(), estate.time_zone)));
  const [utility, setUtility] = useState<Schemas["RateTableOut"]["utility"]>("electricity");
  const [tax, setTax] = useState("");
  const [decided, setDecided] = useState(UNDECIDED);
  const read = $api.useMutation("post", "/api/v1/estates/{estate_id}/rate-tables/import", {
    onSuccess: async ({ rate_table_id }) => {
      if (rate_table_id === null) return;
      await client.invalidateQueries({ queryKey: ["staff-rates"] });
      await navigate(`../${rate_table_id}`, { relative: "path" });
    },
  });
  /** What is stored is what was shown and decided on: whatever is changed has to be read again. */
  const anew =
    <Value,>(set: (value: Value) => void) =>
    (value: Value): void => {
      set(value);
      setDecided(UNDECIDED);
      read.reset();
    };
  const send = (accept: boolean): void => {
    const isDocument = format === "document";
    const query = {
      format,
      accept,
      ...decided,
      ...(isDocument ? {} : { effective_from: from, ...(name.trim() === "" ? {} : { name: name.trim() }) }),
      ...(format === "csv" ? { utility, currency: estate.currency, ...(tax.trim() === "" ? {} : { tax: tax.trim() }) } : {}),
    };
    read.mutate(
      // the file goes as it is: its own reader says what is wrong with it
      { params: { path, query }, body: text as never, bodySerializer: (body: unknown) => body as string, headers: { "content-type": CONTENT[format] } },
    );
  };
  const found = read.data;
  return (
    <Page title={t("import")}>
      <Card>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            send(false);
          }}
        >
          <p className="quiet small">{t("importHint")}</p>
          <div className={classes.fields}>
            <NativeSelect label={t("format")} value={format} onChange={(event) => anew(setFormat)(event.currentTarget.value as Format)} data={(["document", "csv", "urdb"] as const).map((value) => ({ value, label: t(`formats.${value}`) }))} />
            <TextInput type="file" label={t("file")} accept=".yaml,.yml,.json,.csv,.txt" onChange={(event) => void event.currentTarget.files?.[0]?.text().then(anew(setText))} />
            {format === "document" ? null : <TextInput type="date" label={t("effectiveFrom")} value={from} onChange={(event) => anew(setFrom)(event.currentTarget.value)} />}
            {format === "document" ? null : <TextInput label={t("name")} value={name} onChange={(event) => anew(setName)(event.currentTarget.value)} />}
            {format === "csv" ? <NativeSelect label={t("utility")} value={utility} onChange={(event) => anew(setUtility)(event.currentTarget.value as typeof utility)} data={(["electricity", "water", "hot_water", "gas", "solar"] as const).map((value) => ({ value, label: t(`common:utility.${value}`) }))} /> : null}
            {format === "csv" ? <TextInput label={t("tax")} placeholder="VAT=15" value={tax} onChange={(event) => anew(setTax)(event.currentTarget.value)} /> : null}
          </div>
          <textarea className={classes.text} aria-label={t("fileText")} spellCheck={false} value={text} onChange={(event) => anew(setText)(event.currentTarget.value)} />
          <Wrong error={read.error} />
          <div>
            <Button type="submit" disabled={text.trim() === ""} loading={read.isPending}>
              {t("readFile")}
            </Button>
          </div>
        </form>
      </Card>
      {found === undefined ? null : (
        <>
          <Notes found={found} decided={decided} onDecide={setDecided} />
          {found.documents.map((document, at) => (
            <Reading key={at} document={document as unknown as RateDocument} />
          ))}
          <Card title={t("save")}>
            <p className="quiet small">{t("saveHint")}</p>
            <Button loading={read.isPending} onClick={() => send(true)}>
              {t("saveDraft")}
            </Button>
          </Card>
        </>
      )}
    </Page>
  );
}

interface NotesProps {
  found: Schemas["mita__tariffs__schemas__imports__ImportOut"];
  decided: { leave_out: boolean; confirm: boolean };
  onDecide: (decided: { leave_out: boolean; confirm: boolean }) => void;
}

function Notes({ found, decided, onDecide }: NotesProps): ReactNode {
  const { t } = useTranslation("rates");
  const notes = [...found.warnings, ...found.left_out, ...found.to_confirm];
  if (notes.length === 0 && found.to_decide.length === 0) return null;
  return (
    <Card title={t("toDecide")}>
      {found.to_decide.map((each) => (
        <Notice key={each} tone="low">
          {each}
        </Notice>
      ))}
      <ul>
        {notes.map((each, at) => (
          <li key={at}>{[each.line === null ? "" : t("atLine", { line: each.line }), each.path, each.message].filter(Boolean).join(" · ")}</li>
        ))}
      </ul>
      {found.left_out.length === 0 ? null : <Checkbox label={t("leaveOut")} checked={decided.leave_out} onChange={(event) => onDecide({ ...decided, leave_out: event.currentTarget.checked })} />}
      {found.to_confirm.length === 0 ? null : <Checkbox label={t("confirmOdd")} checked={decided.confirm} onChange={(event) => onDecide({ ...decided, confirm: event.currentTarget.checked })} />}
    </Card>
  );
}
