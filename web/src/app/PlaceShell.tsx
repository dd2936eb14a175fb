import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useParams } from "react-router";
import { PlaceProvider, problemOf, signOut, usePlaces, type Place } from "@api";
import { Button } from "@mantine/core";
import { Empty, Failure, Loading, Page } from "@ui";
import { Shell } from "./Shell";

export function pathOf(place: Place): string {
  return `/e/${place.estate.estate_id}/u/${place.unitId}`;
}

/** Where whoever has several homes sees them all. */
export const HOMES = "/homes";

/** All homes, where there are several; else the one. */
export function FirstPlace(): ReactNode {
  const found = usePlaces();
  const place = found.places[0];
  // those of another estate may still be on their way
  if (found.isPending) return <NoPlace found={found} />;
  if (found.places.length > 1) return <Navigate to={HOMES} replace />;
  if (place !== undefined) return <Navigate to={pathOf(place)} replace />;
  return <NoPlace found={found} />;
}

/** The frame of a home's pages: which one, the ways around, and what is known of the connection. */
export function PlaceShell(): ReactNode {
  const found = usePlaces();
  const { estateId, unitId } = useParams();
  const path = `/e/${estateId}/u/${unitId}`;
  const place = found.places.find((each) => pathOf(each) === path);
  if (place === undefined) {
    if (found.isPending || found.error !== null || found.places.length === 0) return <NoPlace found={found} />;
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
          <Empty title={t("noPlace.title")} action={<Button onClick={() => void signOut()}>{t("signOut")}</Button>}>
            {t("noPlace.hint")}
          </Empty>
        )}
      </Page>
    </main>
  );
}
