import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages } from "@api";
import { Card, Empty, More, Page, plusDays, Show } from "@ui";
import { Filters, useFilters } from "@ui/staff";
import classes from "./Audit.module.css";
import { Entry } from "./Entry";

/** Who did what, or was refused to, newest first; each with the rows that it changed, old and new. */
export default function AuditPage(): ReactNode {
  const { t } = useTranslation("audit");
  const { path } = useEstate();
  const filtering = useFilters("text", "actor", "outcome", "from", "until");
  const { text, actor, outcome, from, until } = filtering.values;
  const query = {
    text: text || undefined,
    actor: actor || undefined,
    outcome: (outcome || undefined) as "done" | "refused" | undefined,
    // days in UTC: the log has no zone of its own, and the page says so
    from: from === "" ? undefined : `${from}T00:00:00Z`,
    to: until === "" ? undefined : `${plusDays(until, 1)}T00:00:00Z`,
    limit: 50,
  };
  const pages = usePages("/api/v1/estates/{estate_id}/audit", { params: { path, query } });
  return (
    <Page title={t("title")}>
      <p className="quiet">{t("intro")}</p>
      <Card>
        <Filters
          filtering={filtering}
          search={{ name: "text", label: t("find") }}
          fields={[
            {
              name: "outcome",
              label: t("outcome"),
              options: [
                ["done", t("outcomeWord.done")],
                ["refused", t("outcomeWord.refused")],
              ],
            },
          ]}
        />
        <div className={classes.dates}>
          <TextInput type="date" label={t("from")} value={from} onChange={(event) => filtering.set("from", event.currentTarget.value)} />
          <TextInput type="date" label={t("until")} value={until} min={from} onChange={(event) => filtering.set("until", event.currentTarget.value)} />
        </div>
        {actor === "" ? null : <p className="quiet small">{t("byActor", { actor })}</p>}
        <Show asked={pages} lines={8}>
          {(items) =>
            items.length === 0 ? (
              <Empty title={t("none")}>{t(filtering.isFiltered ? "noneFound" : "noneHint")}</Empty>
            ) : (
              <>
                <ul className={classes.entries} aria-label={t("title")}>
                  {items.map((each) => (
                    <Entry key={each.audit_entry_id} of={each} onActor={(who) => filtering.set("actor", who)} />
                  ))}
                </ul>
                <More pages={pages} />
              </>
            )
          }
        </Show>
      </Card>
    </Page>
  );
}
