import { IconBell, IconCoins, IconGauge, IconLayoutGrid, IconUser, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, Outlet, useLocation } from "react-router";
import { useHomes } from "@api";
import { HomeFrame } from "./HomeFrame";
import { HOMES, MONEY, NoPlace } from "./PlaceShell";
import classes from "./Shell.module.css";

type Word = "homes" | "money" | "limits" | "heard";
const WAYS: { to: string; word: Word; icon: Icon }[] = [
  { to: HOMES, word: "homes", icon: IconLayoutGrid },
  { to: MONEY, word: "money", icon: IconCoins },
  { to: `${HOMES}/limits`, word: "limits", icon: IconGauge },
  { to: `${HOMES}/alerts`, word: "heard", icon: IconBell },
];

/** The frame of the pages about all homes together. Who has none and owns a group has its money alone. */
export function HomesShell(): ReactNode {
  const { t } = useTranslation();
  const found = useHomes();
  const { pathname } = useLocation();
  const home = found.homes[0];
  const estate = home?.estate ?? found.estates[0];
  if (estate === undefined || (home === undefined && found.isPending)) {
    return found.isPending || found.error !== null ? <NoPlace found={found} /> : <Navigate to="/" replace />;
  }
  if (home === undefined && !pathname.startsWith(MONEY)) return <Navigate to={MONEY} replace />;
  const own = home === undefined ? "/account" : `/e/${estate.estate_id}/u/${home.unit_id}/profile`;
  const ways = home === undefined ? WAYS.filter(({ to }) => to === MONEY) : WAYS;
  return (
    <HomeFrame
      brand={{ to: home === undefined ? MONEY : HOMES, word: t("nav.toHomes") }}
      bar={
        <>
          <p className={classes.place}>
            <strong>{t(home === undefined ? "nav.money" : "nav.homes")}</strong>
          </p>
          <Link to={own} className={classes.bell} aria-label={t("nav.profile")}>
            <IconUser aria-hidden size={24} stroke={1.8} />
          </Link>
        </>
      }
      ways={ways.map(({ to, word, icon }) => ({ to, icon, word: t(`nav.${word}`), isEnd: to === HOMES, isOnPhone: true }))}
      at={found.at}
      of={estate}
    >
      <Outlet />
    </HomeFrame>
  );
}
