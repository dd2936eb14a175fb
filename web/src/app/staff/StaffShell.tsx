import { IconHome, IconUser, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useLocation, useNavigate, useParams } from "react-router";
import { $api, EstateProvider, problemOf, useAccess, usePlaces, type Access, type Schemas } from "@api";
import { Button } from "@mantine/core";
import { Empty, Failure, Loading, Notice, Page, Sign } from "@ui";
import { Frame } from "../Frame";
import { pathOf } from "../PlaceShell";
import { ways } from "./routes";
import classes from "./StaffShell.module.css";

type Estate = Schemas["EstateOut"];

/** The frame of staff's pages: which estate, its menu by what the reader may do, and the way to their own home. */
export function StaffShell(): ReactNode {
  const { t } = useTranslation("frame");
  const { estateId } = useParams();
  const access = useAccess();
  const estates = $api.useQuery("get", "/api/v1/estates", {}, { staleTime: 60_000 });
  const one = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}",
    { params: { path: { estate_id: Number(estateId) } } },
    { enabled: estateId !== undefined },
  );
  const shown = estateId === undefined ? undefined : one.data;
  return (
    <Frame
      head={<Which estates={estates.data?.items ?? []} shown={shown} />}
      nav={<Menu estate={shown} access={access} />}
      navLabel={t("label")}
      navClass={classes.nav}
      at={Math.max(one.dataUpdatedAt, estates.dataUpdatedAt)}
      of={shown}
    >
      <SecondFactor access={access} />
      {estateId === undefined ? (
        <Outlet />
      ) : one.data !== undefined ? (
        <EstateProvider
          key={estateId}
          work={{
            estate: one.data,
            path: { estate_id: one.data.estate_id },
            may: (permission) => access.may(permission, one.data),
          }}
        >
          <Outlet />
        </EstateProvider>
      ) : (
        <NoEstate asked={one} />
      )}
    </Frame>
  );
}

function NoEstate({ asked }: { asked: { isPending: boolean; error: unknown; refetch: () => unknown } }): ReactNode {
  const { t } = useTranslation("frame");
  if (asked.isPending) return <Loading lines={6} />;
  const problem = problemOf(asked.error);
  return (
    <Page title={t("noEstate")} isTitleHidden>
      {problem.status === 404 ? (
        <Empty title={t("noEstate")} action={<Button component={Link} to="/estates">{t("all")}</Button>}>
          {t("noEstateHint")}
        </Empty>
      ) : (
        <Failure problem={problem} retry={() => void asked.refetch()} />
      )}
    </Page>
  );
}

/** Roles that are waiting for a second factor show nothing: say so, and what to do. */
function SecondFactor({ access }: { access: Access }): ReactNode {
  const { t } = useTranslation("frame");
  if (!access.needsSecondFactor) return null;
  return (
    <div className={classes.notice}>
      <Notice tone="low" role="status">
        <strong>{t("secondFactor")}</strong>
        <p>{t("secondFactorHint")}</p>
        <Button component={Link} to="/account/security" variant="default">
          {t("setUp")}
        </Button>
      </Notice>
    </div>
  );
}

function Which({ estates, shown }: { estates: Estate[]; shown: Estate | undefined }): ReactNode {
  const { t } = useTranslation("frame");
  const navigate = useNavigate();
  // more than a page of estates are found on their own page; the one that is shown is always there
  const listed = shown === undefined || estates.some((each) => each.estate_id === shown.estate_id) ? estates : [shown, ...estates];
  return (
    <>
      <Link to="/estates" className={classes.brand} aria-label={t("all")}>
        <Sign />
        <span>Mita</span>
      </Link>
      <select
        className={classes.which}
        aria-label={t("which")}
        value={shown === undefined ? "" : `${shown.estate_id}`}
        onChange={(event) => void navigate(`/estates/${event.currentTarget.value}`.replace(/\/$/, ""))}
      >
        <option value="">{t("all")}</option>
        {listed.map((each) => (
          <option key={each.estate_id} value={each.estate_id}>
            {each.name}
          </option>
        ))}
      </select>
    </>
  );
}

function Menu({ estate, access }: { estate: Estate | undefined; access: Access }): ReactNode {
  const { t } = useTranslation("frame");
  const { places } = usePlaces();
  const home = places[0];
  const word = t as unknown as (key: string) => string;
  return (
    <>
      {estate === undefined
        ? null
        : ways
            .filter((each) => access.may(each.needs, estate))
            .map((each) => (
              <Entry key={each.to} to={`/estates/${estate.estate_id}/${each.to}`.replace(/\/$/, "")} end={each.to === ""} icon={each.icon} also={(each.also ?? []).map((more) => `/estates/${estate.estate_id}/${more}`)}>
                {word(`nav.${each.word}`)}
              </Entry>
            ))}
      {home === undefined ? null : (
        <Entry to={pathOf(home)} icon={IconHome}>
          {t("homes")}
        </Entry>
      )}
      <Entry to="/account" icon={IconUser}>
        {t("account")}
      </Entry>
    </>
  );
}

interface EntryProps {
  to: string;
  end?: boolean;
  /** Where else one is in it. */
  also?: string[];
  icon: Icon;
  children: ReactNode;
}

function Entry({ to, end = false, also = [], icon: Icon, children }: EntryProps): ReactNode {
  const { pathname } = useLocation();
  const isAlso = also.some((each) => pathname === each || pathname.startsWith(`${each}/`));
  const shown = (
    <>
      <Icon aria-hidden size={20} stroke={1.8} />
      <span>{children}</span>
    </>
  );
  if (isAlso) {
    return (
      <Link to={to} aria-current="true" className={classes.way}>
        {shown}
      </Link>
    );
  }
  return (
    <NavLink to={to} end={end} className={classes.way}>
      {shown}
    </NavLink>
  );
}
