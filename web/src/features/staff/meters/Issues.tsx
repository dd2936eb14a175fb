import { IconAlertOctagon, IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEstate, type Schemas } from "@api";
import { sentence, useFormats } from "@ui";
import classes from "./Meters.module.css";

type Issue = Omit<Schemas["AnyIssueOut"], "severity" | "name" | "meter_id" | "device_id"> & Partial<Schemas["AnyIssueOut"]>;

/** What is to be looked after, each with what to do about it. `isNamed`: whose it is stands with it. */
export function Issues({ items, isNamed = false }: { items: Issue[]; isNamed?: boolean }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <ul className={classes.list}>
      {items.map((each) => {
        const Icon = each.severity === "urgent" ? IconAlertOctagon : IconAlertTriangle;
        const base = `/estates/${estate.estate_id}`;
        const to = each.device_id == null ? `${base}/meters/${each.meter_id}` : `${base}/devices/${each.device_id}`;
        return (
          <li key={each.issue_id} className={classes.item}>
            <Icon size={22} aria-hidden className={each.severity === "urgent" ? classes.urgent : classes.missing} />
            <div className={classes.what}>
              <strong>
                {isNamed ? <Link to={to}>{each.name}</Link> : null}
                {isNamed ? ": " : null}
                {sentence(each.detail)}
              </strong>
              <p>{each.remedy}</p>
              <p className="quiet small">
                {each.severity === "urgent" ? `${t("urgent")} · ` : null}
                {t("sinceTime", { time: formats.moment(each.since) })}
              </p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
