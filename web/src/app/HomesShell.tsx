import { IconBell, IconCoins, IconGauge, IconLayoutGrid, IconUser, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, Outlet } from "react-router";
import { useHomes } from "@api";
import { HomeFrame } from "./HomeFrame";
import { HOMES, NoPlace } from "./PlaceShell";
import classes from "./Shell.module.css";

type Word = "homes" | "money" | "limits" | "heard";
const WAYS: { to: string; word: Word; icon: Icon }[] = [
  { to: HOMES, word: "homes", icon: IconLayoutGrid },
  { to: `${HOMES}/money`, word: "money", icon: IconCoins },
  { to: `${HOMES}/limits`, word: "limits", icon: IconGauge },
  { to: `${HOMES}/alerts`, word: "heard", icon: IconBell },
];

/** The frame of the pages about all homes together. */
export function HomesShell(): ReactNode {
  const { t } = useTranslation();
  const found = useHomes();
  const [home] = found.homes;
  if (home === undefined) return found.isPending || found.error !== null ? <NoPlace found={found} /> : <Navigate to="/" replace />;
  const own = `/e/${home.estate.estate_id}/u/${home.unit_id}/profile`;
  return (
    <HomeFrame
      brand={{ to: HOMES, word: t("nav.toHomes") }}
      bar={
        <>
          <p className={classes.place}>
            <strong>{t("nav.homes")}</strong>
          </p>
          <Link to={own} className={classes.bell} aria-label={t("nav.profile")}>
            <IconUser aria-hidden size={24} stroke={1.8} />
          </Link>
        </>
      }
      ways={WAYS.map(({ to, word, icon }) => ({ to, icon, word: t(`nav.${word}`), isEnd: to === HOMES, isOnPhone: true }))}
      at={found.at}
      of={home.estate}
    >
      <Outlet />
    </HomeFrame>
  );
}
