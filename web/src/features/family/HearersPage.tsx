import { NativeSelect } from "@mantine/core";
import { IconBell, IconBellOff, IconCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, HEARD_KINDS, refreshEstate, useHomes, type Home, type Schemas } from "@api";
import { Card, Page, Show, useSeen, Wrong } from "@ui";
import { byName } from "./homes";
import classes from "./Family.module.css";

type Grant = Schemas["GrantOut"];
const ONE = "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants/{grant_id}";
/** What is sent of a grant; lists say names as well. */
const said = ({ right, top_up_limit, hears }: Grant): unknown => [right, top_up_limit, hears];
interface Choice {
  grant: Grant;
  hears: Grant["hears"];
}
type Kind = (typeof HEARD_KINDS)[number];
/** Where nobody hears of these, the estate's staff does. */
const NEVER_UNHEARD: readonly Kind[] = ["balance_out", "spend_reached"];

/** Whose alert goes where: for each kind and home, who hears of it. */
export default function HearersPage(): ReactNode {
  const { t } = useTranslation(["family", "alerts"]);
  const { homes } = useHomes();
  const [kind, setKind] = useState<Kind>("low_balance");
  return (
    <Page title={t("hearers")}>
      <Card>
        <NativeSelect label={t("whichAlert")} value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
          {HEARD_KINDS.map((each) => (
            <option key={each} value={each}>
              {t(`alerts:hear.${each}`)}
            </option>
          ))}
        </NativeSelect>
        <ul className={classes.hearing}>
          {byName(homes).map((home) => (
            <HomeHearers key={`${home.estate.estate_id}-${home.wallet_id}`} home={home} kind={kind} />
          ))}
        </ul>
      </Card>
      <p className="quiet small">{t("hearersHint")}</p>
    </Page>
  );
}

function HomeHearers({ home, kind }: { home: Home; kind: Kind }): ReactNode {
  const { t } = useTranslation("family");
  const path = { estate_id: home.estate.estate_id, wallet_id: home.wallet_id };
  const box = useRef<HTMLLIElement>(null);
  // of many homes only those that somebody comes to are asked for
  const isSeen = useSeen(box);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants", { params: { path } }, { enabled: isSeen });
  return (
    <li ref={box}>
      <p>
        <strong>{home.name}</strong> <span className="quiet small">{home.estate.name}</span>
      </p>
      <Show asked={asked} lines={1}>
        {({ items }) => <Persons grants={items} kind={kind} home={home} />}
      </Show>
      {home.right === "view" || home.right === "top_up" ? <p className="quiet small">{t("othersChoose")}</p> : null}
    </li>
  );
}

function Persons({ grants, kind, home }: { grants: Grant[]; kind: Kind; home: Home }): ReactNode {
  const { t } = useTranslation(["family", "household"]);
  const path = { estate_id: home.estate.estate_id, wallet_id: home.wallet_id };
  const me = $api.useQuery("get", "/api/v1/me");
  const change = useMutation({
    mutationFn: async ({ grant, hears }: Choice) => {
      const at = { ...path, grant_id: grant.grant_id };
      // the right is sent with it: one that was withdrawn meanwhile must not come back
      const header = await asShown(() => api.GET(ONE, { params: { path: at } }), grant, said);
      return carriedOut(await api.PUT(ONE, { params: { path: at, header }, body: { right: grant.right, top_up_limit: grant.top_up_limit?.amount ?? null, hears } }));
    },
    onSettled: () => refreshEstate(path.estate_id),
  });
  // what was just chosen shows at once, and what the server says of it afterwards
  const heard = (grant: Grant): Grant["hears"] =>
    change.isPending && change.variables.grant.grant_id === grant.grant_id ? change.variables.hears : grant.hears;
  const choose = (grant: Grant): void => {
    const hears = grant.hears.includes(kind) ? grant.hears.filter((each) => each !== kind) : [...grant.hears, kind];
    change.mutate({ grant, hears });
  };
  const isUnheard = grants.every((each) => !heard(each).includes(kind));
  return (
    <>
      <Wrong error={change.error} />
      <div className={classes.persons} role="group" aria-label={t("whoHears", { home: home.name })}>
        {grants.map((grant) => {
          const isHeard = heard(grant).includes(kind);
          const name = grant.person_name ?? t("household:person", { id: grant.person_id });
          return (
            <button key={grant.grant_id} type="button" className={classes.person} aria-pressed={isHeard} disabled={change.isPending} onClick={() => choose(grant)}>
              {isHeard ? <IconCheck aria-hidden size={20} /> : <IconBellOff aria-hidden size={20} />}
              {grant.person_id === me.data?.person_id ? t("youNamed", { name }) : name}
            </button>
          );
        })}
      </div>
      {isUnheard ? (
        <p className={`${classes.unheard} small`}>
          <IconBell aria-hidden size={18} /> {t(NEVER_UNHEARD.includes(kind) ? "staffHears" : "nobodyHears")}
        </p>
      ) : null}
    </>
  );
}
