import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSpending, useSupplies, type Place, type Schemas } from "@api";
import { localDate, micro, plusDays, sentence, sum, SupplyIcon, supplyWord, useFormats } from "@ui";
import classes from "./Hero.module.css";

type Supply = Schemas["WalletSupply"];
type Standing = "in_credit" | "low" | "out";

const LONG_DAYS = 90;
/** Letters of an amount that fit beside each other, larger or smaller. */
const SHORT = 9;
const MIDDLE = 12;
const LONG = 15;
/** So many utilities that are on are named. */
const ON_MAX = 2;

/** The worst of a wallet's accounts: it is what somebody must know first. */
export function standingOf(wallet: Schemas["WalletOut"]): Standing {
  const found = wallet.balances.map((each) => each.standing);
  return found.includes("out") ? "out" : found.includes("low") ? "low" : "in_credit";
}

/** All of a wallet's money. */
export function wholeOf(wallet: Schemas["WalletOut"]): string {
  return sum([...wallet.balances.map((each) => each.balance.amount), wallet.general.balance.amount]);
}

export function Hero({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["home", "common"]);
  const formats = useFormats(place.estate);
  const supplies = useSupplies(place);
  const standing = standingOf(place.wallet);
  const whole = wholeOf(place.wallet);
  const amount = formats.money(whole);
  // where no line is watched, a wallet without money is no enough
  const isTelling = standing !== "in_credit" || micro(whole) > 0n;
  const StandIcon = standing === "in_credit" ? IconCircleCheck : IconAlertTriangle;
  return (
    <section className={classes.hero} data-standing={standing} aria-label={t("balance")}>
      <p className={classes.label}>{t("balance")}</p>
      <p className={`${classes.amount} num`} data-length={lengthOf(amount)}>
        {amount}
      </p>
      <Lasts place={place} />
      <ul className={classes.states}>
        {isTelling ? (
          <li>
            <StandIcon aria-hidden /> {t(`standing.${standing}`)}
          </li>
        ) : null}
        <Supplies items={(supplies.data?.items ?? []).filter(isTold)} />
      </ul>
      {(supplies.data?.items ?? []).filter(isBought).map((supply) => (
        <WhatHelps key={supply.utility} supply={supply} place={place} />
      ))}
      <Button component={Link} to="top-up" size="xl" fullWidth className={classes.topUp} leftSection={<IconPlus aria-hidden />}>
        {t("topUp")}
      </Button>
      {/* however much there is to say, what to press stays in sight */}
      {(supplies.data?.items ?? [])
        .filter((each) => !isBought(each))
        .map((supply) => (
          <WhatHelps key={supply.utility} supply={supply} place={place} />
        ))}
    </section>
  );
}

/** Money alone brings it back. */
function isBought(supply: Supply): boolean {
  return !supply.is_on && supply.to_restore !== null;
}

/** How much room an amount takes: naira in billions are written smaller than rand in hundreds. */
function lengthOf(amount: string): "short" | "middle" | "long" | "longest" {
  return amount.length <= SHORT ? "short" : amount.length <= MIDDLE ? "middle" : amount.length <= LONG ? "long" : "longest";
}

/** What is off or about to change, one by one; what is on, only where few are. */
function Supplies({ items }: { items: Supply[] }): ReactNode {
  const { t } = useTranslation("home");
  const moved = items.filter((each) => supplyWord(each) !== "on");
  const on = items.filter((each) => !moved.includes(each));
  const isSummed = on.length > ON_MAX;
  return (
    <>
      {[...moved, ...(isSummed ? [] : on)].map((supply) => (
        <SupplyWord key={supply.utility} supply={supply} />
      ))}
      {isSummed ? (
        <li>
          <SupplyIcon word="on" /> {t(moved.length === 0 ? "power.allOn" : "power.restOn")}
        </li>
      ) : null}
    </>
  );
}

/** The power always; of the others what can be cut, or is off. */
function isTold(supply: Supply): boolean {
  return supply.utility === "electricity" || supply.is_cutting || supplyWord(supply) !== "on";
}

function SupplyWord({ supply }: { supply: Supply }): ReactNode {
  const { t } = useTranslation("common");
  const word = supplyWord(supply);
  return (
    <li data-off={supply.is_on ? undefined : true}>
      <SupplyIcon word={word} /> {t(`supplyOf.${word}`, { utility: t(`utility.${supply.utility}`) })}
    </li>
  );
}

function WhatHelps({ supply, place }: { supply: Supply; place: Place }): ReactNode {
  const { t } = useTranslation(["home", "common"]);
  const formats = useFormats(place.estate);
  const staff = supply.stops.find((each) => each.cause === "staff");
  // friendly hours put it off: it is on, nothing is asked yet, and there is a cause
  const waiting = supply.is_on && supply.asked === null ? supply.stops[0] : undefined;
  if (!supply.is_on && supply.to_restore !== null) {
    const utility = t(`common:utility.${supply.utility}`);
    return <p className={classes.help}>{t("restore", { amount: formats.money(supply.to_restore.amount), utility })}</p>;
  }
  if (!supply.is_on && staff !== undefined) return <p className={classes.help}>{t("noRestore", { reason: sentence(staff.reason) })}</p>;
  if (waiting !== undefined) return <p className={classes.help}>{t("deferred", { time: formats.moment(waiting.due_at) })}</p>;
  return null;
}

function Lasts({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation("home");
  const formats = useFormats(place.estate);
  const today = localDate(new Date(), place.estate.time_zone);
  const { data } = useSpending(place, { from: plusDays(today, -6), to: plusDays(today, 1), step: "day" });
  if (data === undefined) return <p className={classes.lasts}>&nbsp;</p>;
  const { days, per_day, days_counted, balance } = data.lasts;
  const told = (): string => {
    if (balance.amount.startsWith("-")) return t("lastsUsedUp");
    if (days === null && micro(balance.amount) === 0n) return t("lastsEmpty");
    // the average is of days that are over, and of somebody's first one too little is known
    if (days === null) return t(micro(data.total.amount) === 0n ? "lastsNothingUsed" : "lastsSoon");
    return days > LONG_DAYS ? t("lastsLong") : t("lasts", { count: days });
  };
  return (
    <p className={classes.lasts} title={t("howLasts", { perDay: formats.money(per_day.amount), count: days_counted })}>
      {told()}
    </p>
  );
}
