import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useParams } from "react-router";
import { PlaceProvider, problemOf, useAccess, usePlaces, type Place } from "@api";
import { Empty, Failure, Loading, Page, SignOut } from "@ui";
import { Shell } from "./Shell";

export function pathOf(place: Place): string {
  return `/e/${place.estate.estate_id}/u/${place.unitId}`;
}

/** Where whoever has several homes sees them all. */
export const HOMES = "/homes";

/** Where groups share out their money. */
export const MONEY = `${HOMES}/money`;

/** All homes, where there are several; else the one; the estates of who works here and lives elsewhere; the groups of who only pays. */
export function FirstPlace(): ReactNode {
  const found = usePlaces();
  const access = useAccess();
  const place = found.places[0];
  if (found.places.length > 1) return <Navigate to={HOMES} replace />;
  if (place !== undefined) return <Navigate to={pathOf(place)} replace />;
  if (!found.isPending && found.error === null && access.isStaff) return <Navigate to="/estates" replace />;
  if (!access.isPending && found.groups.length > 0) return <Navigate to={MONEY} replace />;
  return <NoPlace found={{ ...found, isPending: found.isPending || access.isPending }} />;
}

/** The wallet that a notification is about; where it is nobody's any more, the first of the homes. */
export function WalletPlace(): ReactNode {
  const found = usePlaces();
  const { estateId, walletId } = useParams();
  const place = found.places.find((each) => `${each.estate.estate_id}` === estateId && `${each.wallet.wallet_id}` === walletId);
  if (place !== undefined) return <Navigate to={`${pathOf(place)}/wallet`} replace />;
  return found.isPending || found.error !== null ? <NoPlace found={found} /> : <Navigate to="/" replace />;
}

/** The frame of a home's pages: which one, the ways around, and what is known of the connection. */
export function PlaceShell(): ReactNode {
  const found = usePlaces();
  const { estateId, unitId } = useParams();
  const path = `/e/${estateId}/u/${unitId}`;
  const place = found.places.find((each) => pathOf(each) === path);
  if (place === undefined) {
    if (found.isPending || found.error !== null || found.places.length + found.groups.length === 0) return <NoPlace found={found} />;
    return <Navigate to="/" replace />;
  }
  return (
    <PlaceProvider place={place} key={path}>
      <Shell places={found.places} at={found.at}>
        <Outlet />
      </Shell>
    </PlaceProvider>
  );
}

export function NoPlace({ found }: { found: Pick<ReturnType<typeof usePlaces>, "error" | "isPending" | "retry"> }): ReactNode {
  const { t } = useTranslation();
  return (
    <main>
      <Page title="Mita" isTitleHidden>
        {found.error !== null ? (
          <Failure problem={problemOf(found.error)} retry={found.retry} />
        ) : found.isPending ? (
          <Loading lines={5} />
        ) : (
          <Empty title={t("noPlace.title")} action={<SignOut />}>
            {t("noPlace.hint")}
          </Empty>
        )}
      </Page>
    </main>
  );
}
