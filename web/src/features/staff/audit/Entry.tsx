import { Button } from "@mantine/core";
import { IconBan } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEstate, type Schemas } from "@api";
import { Tag, useFormats } from "@ui";
import { Fact, Facts } from "@ui/staff";
import classes from "./Audit.module.css";
import { pageOf, shown, words } from "./subjects";

type AuditEntry = Schemas["AuditOut"];

/** One act: who, what, when; opened, from where and which rows changed how. */
export function Entry({ of, onActor }: { of: AuditEntry; onActor: (actor: string) => void }): ReactNode {
  const { t } = useTranslation("audit");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <li>
      <details className={classes.entry}>
        <summary>
          <span className={classes.what}>
            <strong>{words(of.action)}</strong>
            <span className="quiet small">{[of.impersonator === null ? of.actor : t("through", { who: of.impersonator, eyes: of.actor }), of.subject].filter(Boolean).join(" · ")}</span>
          </span>
          <span className={`${classes.when} small`}>
            {of.outcome === "refused" ? (
              <Tag tone="out" icon={<IconBan aria-hidden />}>
                {t("outcomeWord.refused")}
              </Tag>
            ) : null}
            <span className="quiet"> {formats.moment(of.at)}</span>
          </span>
        </summary>
        <div className={classes.inside}>
          <Facts>
            <Fact label={t("actor")}>{of.actor}</Fact>
            <Fact label={t("subject")}>
              <Subject of={of.subject} />
            </Fact>
            <Fact label={t("address")}>{of.address}</Fact>
            <Fact label={t("correlation")}>{of.correlation_id}</Fact>
          </Facts>
          <Told old={of.old} new={of.new} />
          {of.changes.map((each) => (
            <Change key={`${each.subject}-${each.id}-${each.verb}`} of={each} />
          ))}
          {of.changes.length === 0 && of.old === null && of.new === null ? <p className="quiet small">{t("noChanges")}</p> : null}
          <div>
            <Button variant="default" onClick={() => onActor(of.actor)}>
              {t("onlyBy", { actor: of.actor })}
            </Button>
          </div>
        </div>
      </details>
    </li>
  );
}

/** What the act is about, such as `wallet:1`: with the way to its page, where it has one. */
function Subject({ of }: { of: string | null }): ReactNode {
  const { estate } = useEstate();
  if (of === null) return null;
  const [kind = "", id = ""] = of.split(":");
  const page = pageOf(kind, id);
  return page === null ? of : <Link to={`/estates/${estate.estate_id}/${page}`}>{of}</Link>;
}

function Change({ of }: { of: AuditEntry["changes"][number] }): ReactNode {
  const { t } = useTranslation("audit");
  const { estate } = useEstate();
  const page = pageOf(of.subject, of.id);
  return (
    <section className={classes.change}>
      <h3>
        <Tag>{t(`verb.${of.verb}`)}</Tag> {words(of.subject)}
        {page === null ? <span className="quiet">{of.id}</span> : <Link to={`/estates/${estate.estate_id}/${page}`}>{of.id}</Link>}
      </h3>
      <Fields rows={of.fields.map((each) => [each.field, each.old, each.new])} />
    </section>
  );
}

/** What the operation itself wrote down, beside the rows. */
function Told({ old, new: now }: { old: Record<string, unknown> | null; new: Record<string, unknown> | null }): ReactNode {
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])];
  return names.length === 0 ? null : <Fields rows={names.map((name) => [name, old?.[name], now?.[name]])} />;
}

function Fields({ rows }: { rows: [string, unknown, unknown][] }): ReactNode {
  const { t } = useTranslation("audit");
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("fields")}>
      <table className={classes.fields}>
        <thead>
          <tr>
            <th scope="col">{t("field")}</th>
            <th scope="col">{t("old")}</th>
            <th scope="col">{t("new")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([field, old, now]) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>{shown(old)}</td>
              <td>{shown(now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
