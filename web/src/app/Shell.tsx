import { IconBell, IconBuildingEstate, IconChartBar, IconGauge, IconHome, IconUser, IconUsers, IconWallet, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, useNavigate } from "react-router";
import { $api, useAccess, usePlace, type Place } from "@api";
import { Sign } from "@ui";
import { Frame } from "./Frame";
import { pathOf } from "./PlaceShell";
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
  return (
    <Frame
      navLabel={t("nav.label")}
      at={at}
      of={place.estate}
      head={
        <>
          <Link to={pathOf(place)} className={classes.brand} aria-label={t("nav.toHome")}>
            <Sign />
            <span>Mita</span>
          </Link>
          <Places places={places} />
          <Alerts />
        </>
      }
      nav={
        <>
          {WAYS.map(({ to, word, icon: Icon, isOnPhone }) => (
            <NavLink
              key={to}
              to={`${pathOf(place)}/${to}`.replace(/\/$/, "")}
              end={to === ""}
              className={classes.way}
              data-wide-only={isOnPhone ? undefined : true}
            >
              <Icon aria-hidden size={24} stroke={1.8} />
              <span>{t(`nav.${word}`)}</span>
            </NavLink>
          ))}
          {isStaff ? (
            <NavLink to="/estates" className={classes.way} data-wide-only>
              <IconBuildingEstate aria-hidden size={24} stroke={1.8} />
              <span>{t("nav.estates")}</span>
            </NavLink>
          ) : null}
        </>
      }
    >
      <Waiting />
      {children}
    </Frame>
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
