import { IconBell, IconBuildingEstate, IconChartBar, IconGauge, IconHome, IconLayoutGrid, IconUser, IconUsers, IconWallet, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { $api, useAccess, usePlace, usePlaces, type Place } from "@api";
import { HomeFrame, type Way } from "./HomeFrame";
import { HOMES, pathOf } from "./PlaceShell";
import { Waiting } from "./Waiting";
import classes from "./Shell.module.css";

type Word = "home" | "usage" | "wallet" | "meters" | "household" | "profile";
const WAYS: { to: string; word: Word; icon: Icon; isOnPhone: boolean }[] = [
  { to: "", word: "home", icon: IconHome, isOnPhone: true },
  { to: "usage", word: "usage", icon: IconChartBar, isOnPhone: true },
  { to: "wallet", word: "wallet", icon: IconWallet, isOnPhone: true },
  { to: "meters", word: "meters", icon: IconGauge, isOnPhone: true },
  { to: "household", word: "household", icon: IconUsers, isOnPhone: false },
  { to: "profile", word: "profile", icon: IconUser, isOnPhone: true },
];

interface ShellProps {
  places: Place[];
  /** When the money on the page was last told. */
  at: number;
  children: ReactNode;
}

/** The frame around every page of a home: a bar at the thumb on phones, at the side on wide screens. */
export function Shell({ places, at, children }: ShellProps): ReactNode {
  const { t } = useTranslation();
  const place = usePlace();
  const { isStaff } = useAccess();
  const { groups } = usePlaces();
  const hasMore = places.length > 1 || groups.length > 0;
  const own = WAYS.map(({ to, word, ...more }) => ({ ...more, to: `${pathOf(place)}/${to}`.replace(/\/$/, ""), isEnd: to === "", word: t(`nav.${word}`) }));
  const all: Way = { to: HOMES, word: t("nav.homes"), icon: IconLayoutGrid, isEnd: true, isOnPhone: false };
  const estates: Way = { to: "/estates", word: t("nav.estates"), icon: IconBuildingEstate, isEnd: true, isOnPhone: false };
  return (
    <HomeFrame
      brand={hasMore ? { to: HOMES, word: t("nav.toHomes"), icon: IconLayoutGrid } : { to: pathOf(place), word: t("nav.toHome") }}
      bar={
        <>
          <Places places={places} />
          <Alerts />
        </>
      }
      ways={[...(hasMore ? [all] : []), ...own, ...(isStaff ? [estates] : [])]}
      at={at}
      of={place.estate}
    >
      <Waiting />
      {children}
    </HomeFrame>
  );
}

function Places({ places }: { places: Place[] }): ReactNode {
  const { t } = useTranslation();
  const place = usePlace();
  const navigate = useNavigate();
  if (places.length < 2) {
    return (
      <p className={classes.place}>
        <strong>{place.unitName}</strong> <span>{place.estate.name}</span>
      </p>
    );
  }
  return (
    <select
      className={classes.places}
      aria-label={t("nav.place")}
      value={pathOf(place)}
      onChange={(event) => void navigate(event.currentTarget.value)}
    >
      <option value={HOMES}>{t("nav.homes")}</option>
      {places.map((each) => (
        <option key={pathOf(each)} value={pathOf(each)}>
          {each.unitName} · {each.estate.name}
        </option>
      ))}
    </select>
  );
}

function Alerts(): ReactNode {
  const { t } = useTranslation();
  const place = usePlace();
  const { data } = $api.useQuery("get", "/api/v1/estates/{estate_id}/alerts", {
    params: { path: { estate_id: place.estate.estate_id }, query: { is_open: true, limit: 20 } },
  });
  const unseen = data?.items.filter((each) => each.seen_at === null).length ?? 0;
  return (
    <Link to={`${pathOf(place)}/alerts`} className={classes.bell} aria-label={t("nav.alerts", { count: unseen })}>
      <IconBell aria-hidden size={24} stroke={1.8} />
      {unseen === 0 ? null : <span className={classes.count}>{unseen}</span>}
    </Link>
  );
}
