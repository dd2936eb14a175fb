import { Button, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { $api, newKey, useEstate } from "@api";
import { Card, localDate, Notice, Page, Wrong } from "@ui";
import { Until } from "@ui/staff";
import { begun, nextMonth, type RateDocument } from "./document";
import { FormView } from "./FormView";
import { estatesTable, useRates } from "./rates";
import { PreviewCard } from "./PreviewCard";
import { TextView } from "./TextView";
import { usePreview, type Consumption, type Draft } from "./usePreview";
import classes from "./Rates.module.css";

/** Write a rate table: in fields or as text, with what a consumption costs by it beside. */
export default function EditorPage(): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, path } = useEstate();
  const [asked] = useSearchParams();
  const from = Number(asked.get("from") ?? 0);
  const base = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}",
    { params: { path: { ...path, rate_table_id: from } } },
    { enabled: from > 0, staleTime: Infinity },
  );
  const start = nextMonth(localDate(new Date(), estate.time_zone));
  if (from === 0) return <Editor first={begun(estate.currency, start)} base={null} />;
  return (
    <Until title={t("new")} asked={base}>
      {({ document: stored }) => {
        const document = stored as unknown as RateDocument;
        return <Editor key={from} first={{ ...document, effective_from: document.effective_from > start ? document.effective_from : start }} base={from} />;
      }}
    </Until>
  );
}

function Editor({ first, base }: { first: RateDocument; base: number | null }): ReactNode {
  const { t } = useTranslation("rates");
  const { estate } = useEstate();
  const [blank] = useState<Draft>({ document: first });
  const [draft, setDraft] = useState(blank);
  const [view, setView] = useState<"form" | "text">("form");
  const [consumption, setConsumption] = useState<Consumption | null>(null);
  const rates = useRates(estate.estate_id);
  const known = "document" in draft ? draft.document : null;
  const utility = known?.utility ?? first.utility;
  const beside = estatesTable(rates.data?.assignments ?? [], utility, localDate(new Date(), estate.time_zone)) ?? base;
  const preview = usePreview(draft, consumption, beside, base !== null || draft !== blank);
  const document = known ?? (preview.read?.document as RateDocument | undefined);
  const text = "text" in draft ? draft.text : (preview.read?.text ?? JSON.stringify(draft.document, null, 2));
  const wrong = (at: string): string | undefined => preview.problems.find((each) => each.path === at)?.message;
  return (
    <Page title={base === null ? t("new") : t("change", { name: first.name })}>
      <div className={classes.columns}>
        <div className={classes.column}>
          <SegmentedControl
            aria-label={t("view")}
            value={view}
            onChange={(value) => setView(value as "form" | "text")}
            data={[
              { value: "form", label: t("viewForm"), disabled: document === undefined },
              { value: "text", label: t("viewText") },
            ]}
          />
          {view === "form" && document !== undefined ? (
            <FormView document={document} onChange={(changed) => setDraft({ document: changed })} wrong={wrong} />
          ) : (
            <TextView text={text} problems={preview.problems} isWritten={"text" in draft} onChange={(written) => setDraft({ text: written })} />
          )}
        </div>
        <div className={`${classes.column} ${classes.beside}`}>
          <PreviewCard preview={preview} document={document ?? first} hasOther={beside !== null} onConsumption={setConsumption} />
          <Save read={preview.read?.document} problems={preview.problems.length} />
        </div>
      </div>
    </Page>
  );
}

function Save({ read, problems }: { read: Record<string, unknown> | undefined; problems: number }): ReactNode {
  const { t } = useTranslation(["rates", "common"]);
  const { path, may } = useEstate();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const save = $api.useMutation("post", "/api/v1/estates/{estate_id}/rate-tables", {
    onSuccess: async ({ rate_table_id }) => {
      await client.invalidateQueries({ queryKey: ["staff-rates"] });
      await navigate(`../${rate_table_id}`, { relative: "path" });
    },
  });
  const submit = (): void => {
    if (read !== undefined) save.mutate({ params: { path, header: { "Idempotency-Key": key } }, body: { document: read } });
  };
  return (
    <Card title={t("save")}>
      <div className={classes.form}>
      <p className="quiet small">{t("saveHint")}</p>
      {problems === 0 ? null : (
        <Notice tone="low" role="status">
          {t("problems", { count: problems })}
        </Notice>
      )}
      <Wrong error={save.error} />
      <div className={classes.buttons}>
        <Button disabled={read === undefined || !may("rates.write")} loading={save.isPending} onClick={submit}>
          {t("saveDraft")}
        </Button>
        <Button component={Link} to=".." relative="path" variant="default">
          {t("common:cancel")}
        </Button>
      </div>
      {may("rates.write") ? null : <p className="quiet small">{t("mayNot")}</p>}
      </div>
    </Card>
  );
}
