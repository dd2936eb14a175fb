import { Switch } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, HEARD_KINDS, refreshEstate, usePlace, type Schemas } from "@api";
import { Card, Wrong, Show } from "@ui";
import classes from "./Alerts.module.css";

type Grant = Schemas["GrantOut"];
const ONE = "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants/{grant_id}";
/** What is sent of a grant; lists say names as well. */
const said = ({ right, top_up_limit, hears }: Grant): unknown => [right, top_up_limit, hears];

/** Which alerts somebody hears of for this home. */
export function Hearing(): ReactNode {
  const { t } = useTranslation("alerts");
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id };
  const me = $api.useQuery("get", "/api/v1/me");
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants", { params: { path } });
  return (
    <Card title={t("settings")}>
      <p className="quiet small">{t("settingsHint", { home: `${place.unitName}, ${place.estate.name}` })}</p>
      <Show asked={asked} lines={5}>
        {({ items }) => {
          const mine = items.find((each) => each.person_id === me.data?.person_id);
          return mine === undefined ? null : <Switches grant={mine} path={path} />;
        }}
      </Show>
    </Card>
  );
}

function Switches({ grant, path }: { grant: Grant; path: { estate_id: number; wallet_id: number } }): ReactNode {
  const { t } = useTranslation("alerts");
  const at = { ...path, grant_id: grant.grant_id };
  const change = useMutation({
    mutationFn: async (hears: Grant["hears"]) => {
      // the right is sent with it: one that was withdrawn meanwhile must not come back
      const header = await asShown(() => api.GET(ONE, { params: { path: at } }), grant, said);
      return carriedOut(await api.PUT(ONE, { params: { path: at, header }, body: { right: grant.right, top_up_limit: grant.top_up_limit?.amount ?? null, hears } }));
    },
    onSettled: () => refreshEstate(path.estate_id),
  });
  // what was just chosen shows at once, and what the server says of it afterwards
  const chosen = change.isPending ? change.variables : grant.hears;
  const choose = (kind: Grant["hears"][number], isHeard: boolean): void => {
    change.mutate(isHeard ? [...grant.hears, kind] : grant.hears.filter((each) => each !== kind));
  };
  return (
    <>
      <Wrong error={change.error} />
      {HEARD_KINDS.map((kind) => (
        <Switch
          key={kind}
          size="md"
          classNames={{ root: classes.line, body: classes.body, label: classes.label }}
          labelPosition="left"
          label={t(`hear.${kind}`)}
          checked={chosen.includes(kind)}
          onChange={(event) => choose(kind, event.currentTarget.checked)}
        />
      ))}
    </>
  );
}
