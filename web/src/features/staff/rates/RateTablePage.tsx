import { Button } from "@mantine/core";
import { IconPencil, IconScale } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, type Schemas } from "@api";
import { Card, Empty, localDate, Tag, type TagTone } from "@ui";
import { Fact, Facts, ObjectPage, Until } from "@ui/staff";
import { Assign } from "./Assign";
import type { RateDocument } from "./document";
import { stateOf, useRates, type Assignment, type State } from "./rates";
import { useDates } from "./parts";
import { Reading } from "./Reading";
import classes from "./Rates.module.css";

const TONE: Record<State, TagTone> = { in_force: "good", coming: "asked", draft: "plain", past: "plain" };

/** One rate table: what it says, where it holds, and what can be done with it. */
export default function RateTablePage(): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, path } = useEstate();
  const rate_table_id = Number(useParams().rateTableId);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/rate-tables/{rate_table_id}", { params: { path: { ...path, rate_table_id } } });
  const rates = useRates(estate.estate_id);
  return (
    <Until title={t("title")} asked={asked}>
      {(table) => (
        <Until title={t("title")} asked={rates}>
          {({ assignments }) => <Shown table={table} assignments={assignments} />}
        </Until>
      )}
    </Until>
  );
}

function Shown({ table, assignments }: { table: Schemas["RateTableWithDocument"]; assignments: Assignment[] }): ReactNode {
  const { t } = useTranslation(["rates", "common"]);
  const { estate, may } = useEstate();
  const { date } = useDates();
  const today = localDate(new Date(), estate.time_zone);
  const state = stateOf(table, assignments, today);
  const document = table.document as unknown as RateDocument;
  const whyNot = may("rates.write") ? undefined : t("mayNot");
  const actions = (
    <>
      <Assign table={table} state={state} whyNot={whyNot} />
      <Button component={Link} to="compare" variant="default" leftSection={<IconScale aria-hidden size={18} />}>
        {t("compare")}
      </Button>
      {whyNot === undefined ? (
        <Button component={Link} to={`../new?from=${table.rate_table_id}`} relative="path" variant="default" leftSection={<IconPencil aria-hidden size={18} />}>
          {t("changePrices")}
        </Button>
      ) : null}
    </>
  );
  const source = document.source as { title?: string; url?: string } | undefined;
  return (
    <ObjectPage title={table.name} back={{ to: "../rates", word: t("title") }} state={<Tag tone={TONE[state]}>{t(`state.${state}`)}</Tag>} id={table.rate_table_id} actions={actions}>
      <div className={classes.columns}>
        <div className={classes.column}>
          <Reading document={document} />
          <Card title={t("viewText")}>
            <details>
              <summary>{t("showText")}</summary>
              <pre className={classes.document} tabIndex={0}>
                {JSON.stringify(table.document, null, 2)}
              </pre>
            </details>
          </Card>
        </div>
        <div className={classes.column}>
          <Card title={t("facts")}>
            <Facts>
              <Fact label={t("utility")}>{t(`common:utility.${table.utility}`)}</Fact>
              <Fact label={t("effectiveFrom")}>{date(table.effective_from)}</Fact>
              <Fact label={t("tax")}>
                {document.tax === undefined ? t("noTax") : `${document.tax.name} ${document.tax.percent} % · ${t(document.tax.prices === "inclusive" ? "inclusive" : "exclusive")}`}
              </Fact>
              {source?.title === undefined ? null : <Fact label={t("source")}>{source.title}</Fact>}
            </Facts>
          </Card>
          <Card title={t("where")}>
            <Where assignments={assignments.filter((each) => each.rate_table_id === table.rate_table_id)} />
          </Card>
        </div>
      </div>
    </ObjectPage>
  );
}

function Where({ assignments }: { assignments: Assignment[] }): ReactNode {
  const { t } = useTranslation("rates");
  const { date } = useDates();
  if (assignments.length === 0) return <Empty title={t("nowhere")}>{t("nowhereHint")}</Empty>;
  return (
    <Facts>
      {assignments.map((each) => (
        <Fact
          key={each.rate_assignment_id}
          label={[each.target_id === null ? t("scope.estate") : `${t(`scope.${each.scope}`)} #${each.target_id}`, t(`role.${each.role as "supply" | "network" | "levy"}`)].join(" · ")}
          hint={[each.actor, each.reason].filter(Boolean).join(": ")}
        >
          {each.effective_until === null ? t("since", { from: date(each.effective_from) }) : t("between", { from: date(each.effective_from), until: date(each.effective_until) })}
        </Fact>
      ))}
    </Facts>
  );
}
