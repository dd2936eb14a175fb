import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Home } from "@api";
import { isNegative, SupplyTag, supplyWord, Tag, useFormats } from "@ui";
import { stateOf, toRestore, type Supply } from "./homes";
import classes from "./Family.module.css";

const LONG_DAYS = 90;

/** One home: how much is left, how long it lasts, whether it is on, what to press. */
export function HomeCard({ home }: { home: Home }): ReactNode {
  const { t } = useTranslation(["family", "common", "home"]);
  const formats = useFormats(home.estate);
  const state = stateOf(home);
  const path = `/e/${home.estate.estate_id}/u/${home.unit_id}`;
  const lacks = toRestore(home);
  const mayPay = home.right !== "view";
  return (
    <li className={classes.home} data-state={state}>
      <div className={classes.homeHead}>
        <Link to={path} className={classes.homeName}>
          <strong>{home.name}</strong>
          <span className="quiet small">{home.estate.name}</span>
        </Link>
        <p className={classes.homeMoney}>
          <strong className="num">{formats.money(home.balance.amount)}</strong>
          <span className="small">{lasts(home)}</span>
        </p>
      </div>
      <ul className={classes.tags}>
        {home.standing === "in_credit" ? (
          <li>
            <Tag tone="good" icon={<IconCircleCheck aria-hidden />}>
              {t("common:standing.in_credit")}
            </Tag>
          </li>
        ) : (
          <li>
            <Tag tone={home.standing} icon={<IconAlertTriangle aria-hidden />}>
              {t(`common:standing.${home.standing}`)}
            </Tag>
          </li>
        )}
        {home.spend_limit?.is_reached ? (
          <li>
            <Tag tone="low" icon={<IconAlertTriangle aria-hidden />}>
              {`${t("limits")}: ${t("reached")}`}
            </Tag>
          </li>
        ) : null}
        {home.supplies.filter(isTold).map((supply) => (
          <li key={supply.utility}>
            <SupplyTag supply={supply} of={supply.utility} />
          </li>
        ))}
      </ul>
      {lacks === null ? null : (
        <p className="small">{t("home:restore", { amount: formats.money(lacks.amount), utility: t(`common:utility.${lacks.supply.utility}`) })}</p>
      )}
      {mayPay ? (
        <Button component={Link} to={`${path}/top-up`} variant={state === "fine" || state === "limited" ? "default" : "filled"} aria-label={t("topUpOf", { home: home.name })}>
          {t("home:topUp")}
        </Button>
      ) : (
        <p className="quiet small">{t("mayLook")}</p>
      )}
    </li>
  );

  function lasts({ days_left, balance }: Home): string {
    if (isNegative(balance.amount)) return t("home:lastsUsedUp");
    if (days_left === null) return t("nothingUsed");
    return days_left > LONG_DAYS ? t("home:lastsLong") : t("home:lasts", { count: days_left });
  }
}

/** A supply that can be cut, or is off: of others there is nothing to say. */
function isTold(supply: Supply): boolean {
  return supply.is_cutting || supplyWord(supply) !== "on";
}
