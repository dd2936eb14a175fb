import { IconAlertTriangle, IconBell, IconCircleCheck, IconChartLine, IconHandStop, IconTool, IconWifiOff, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Tag, useFormats, type TagTone } from "@ui";
import classes from "./Estates.module.css";
import { pains, share, type Figures, type Pain } from "./hurt";
import { useRevenueHint } from "./useRevenueHint";

const LOOKS: Record<Pain["kind"], { icon: Icon; tone: TagTone }> = {
  out: { icon: IconAlertTriangle, tone: "out" },
  silent: { icon: IconWifiOff, tone: "out" },
  alerts: { icon: IconBell, tone: "low" },
  held: { icon: IconHandStop, tone: "low" },
  issues: { icon: IconTool, tone: "low" },
  losses: { icon: IconChartLine, tone: "low" },
  low: { icon: IconAlertTriangle, tone: "low" },
};

/** What is wrong in an estate, in words; or that nothing is. `to` is the list behind each, where there is a way to it. */
export function Pains({ of, to }: { of: Figures; to?: (kind: Pain["kind"]) => string | undefined }): ReactNode {
  const { t } = useTranslation("estates");
  const found = pains(of);
  return (
    <div className={classes.tags}>
      {found.length === 0 ? (
        <Tag tone="good" icon={<IconCircleCheck aria-hidden />}>
          {t("fine")}
        </Tag>
      ) : (
        found.map(({ kind, count }) => {
          const { icon: Picture, tone } = LOOKS[kind];
          const tag = (
            <Tag key={kind} tone={tone} icon={<Picture aria-hidden />}>
              {t(`pain.${kind}`, { count })}
            </Tag>
          );
          const path = to?.(kind);
          return path === undefined ? (
            tag
          ) : (
            <Link key={kind} to={path} className={classes.way}>
              {tag}
            </Link>
          );
        })
      )}
    </div>
  );
}

/** An estate among many: its name, what hurts there, three figures. */
export function Tile({ of }: { of: Figures }): ReactNode {
  const { t } = useTranslation("estates");
  const formats = useFormats(of.estate);
  const hint = useRevenueHint();
  const whole = (amount: string): string => formats.money(amount, { whole: true });
  const percent = (part: number, of_: number): string => formats.number(share(part, of_) / 10_000, { style: "percent" });
  return (
    <li className={classes.tile}>
      <div>
        <h2>
          <Link to={`${of.estate.estate_id}`}>{of.estate.name}</Link>
        </h2>
        <p className="quiet small">{[t("unitCount", { count: of.units }), of.estate.address].filter(Boolean).join(" · ")}</p>
      </div>
      <Pains of={of} />
      <dl className={classes.small}>
        <div>
          <dt>{t("occupied")}</dt>
          <dd>{percent(of.occupied, of.units)}</dd>
        </div>
        <div>
          <dt>{t("online")}</dt>
          <dd>{percent(of.meters - of.silent_meters, of.meters)}</dd>
        </div>
        <div title={hint(of.revenue.amount, of.revenue_before.amount, whole)}>
          <dt>{t("revenueShort")}</dt>
          <dd>{whole(of.revenue.amount)}</dd>
        </div>
        <div>
          <dt>{t("surplusShort")}</dt>
          <dd>{of.surplus === null ? <span className="quiet small">{t("noCosts")}</span> : whole(of.surplus.amount)}</dd>
        </div>
      </dl>
    </li>
  );
}
