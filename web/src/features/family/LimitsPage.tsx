import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHomes, type Home } from "@api";
import { Card, micro, Page, SpendLimitForm, Tag, useFormats } from "@ui";
import { Bar } from "./Bar";
import { byName } from "./homes";
import classes from "./Family.module.css";

/** Told from 80 % on. */
const WARNS_AT = { part: 4n, of: 5n };

/** What each home may spend in a day and a month, and how much of that is used. */
export default function LimitsPage(): ReactNode {
  const { t } = useTranslation(["family", "household"]);
  const { homes } = useHomes();
  return (
    <Page title={t("limits")}>
      <p className="quiet">{t("limitsHint")}</p>
      <div className={classes.cards}>
        {byName(homes).map((home) => (
          <HomeLimit key={`${home.estate.estate_id}-${home.wallet_id}`} home={home} />
        ))}
      </div>
    </Page>
  );
}

function HomeLimit({ home }: { home: Home }): ReactNode {
  const { t } = useTranslation(["family", "household", "common"]);
  const [isOpen, setIsOpen] = useState(false);
  const limit = home.spend_limit;
  const mayChange = home.right === "manage" || home.right === null;
  return (
    <Card title={`${home.name} · ${home.estate.name}`}>
      {limit === null ? (
        <p className="quiet">{t("household:noLimits")}</p>
      ) : (
        <div className={classes.limits}>
          {limit.daily === null ? null : <Used word="today" spent={limit.spent_today.amount} most={limit.daily.amount} home={home} />}
          {limit.monthly === null ? null : <Used word="thisMonth" spent={limit.spent_this_month.amount} most={limit.monthly.amount} home={home} />}
          <p className="quiet small">{t(limit.is_cutting ? "cuts" : "cutsNot")}</p>
        </div>
      )}
      <div className={classes.limitAction}>
      {!mayChange ? (
        <p className="quiet small">{t("household:onlyManagers")}</p>
      ) : isOpen ? (
        <>
          <SpendLimitForm limit={limit} path={{ estate_id: home.estate.estate_id, wallet_id: home.wallet_id }} currency={home.estate.currency} onDone={() => setIsOpen(false)} />
          <Button variant="subtle" onClick={() => setIsOpen(false)}>
            {t("common:cancel")}
          </Button>
        </>
      ) : (
        <Button variant="default" aria-label={t(limit === null ? "setLimitOf" : "changeLimitOf", { home: home.name })} onClick={() => setIsOpen(true)}>
          {t(limit === null ? "setLimit" : "changeLimit")}
        </Button>
      )}
      </div>
    </Card>
  );
}

function Used({ word, spent, most, home }: { word: "today" | "thisMonth"; spent: string; most: string; home: Home }): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(home.estate);
  const isReached = micro(spent) >= micro(most);
  const isNear = !isReached && micro(spent) * WARNS_AT.of >= micro(most) * WARNS_AT.part;
  return (
    <div>
      <p className={classes.used}>
        <span>{t(word, { spent: formats.money(spent), most: formats.money(most) })}</span>
        {isReached ? (
          <Tag tone="out" icon={<IconAlertTriangle aria-hidden />}>
            {t("reached")}
          </Tag>
        ) : isNear ? (
          <Tag tone="low" icon={<IconAlertTriangle aria-hidden />}>
            {t("near")}
          </Tag>
        ) : (
          <Tag tone="good" icon={<IconCircleCheck aria-hidden />}>
            {t("within")}
          </Tag>
        )}
      </p>
      <Bar part={spent} whole={most} />
    </div>
  );
}
