import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconUser } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, asShown, carriedOut, refreshEstate, usePlace, type Schemas } from "@api";
import { Wrong, Row, Rows, useFormats } from "@ui";
import classes from "./Household.module.css";

const ONE = "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants/{grant_id}";

export interface WalletPath {
  estate_id: number;
  wallet_id: number;
}

interface PeopleProps {
  grants: Schemas["GrantOut"][];
  me: number | null;
  isManager: boolean;
  path: WalletPath;
}

/** Everybody with access; a manager ends that of others, after a second question. */
export function People({ grants, me, isManager, path }: PeopleProps): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const place = usePlace();
  const formats = useFormats(place.estate);
  const [asked, setAsked] = useState<string | null>(null);
  const end = useMutation({
    mutationFn: async (grant: Schemas["GrantOut"]) => {
      const at = { ...path, grant_id: grant.grant_id };
      const header = await asShown(() => api.GET(ONE, { params: { path: at } }), grant, ({ right, top_up_limit }) => [right, top_up_limit]);
      return carriedOut(await api.DELETE(ONE, { params: { path: at, header } }));
    },
    onSuccess: () => setAsked(null),
    onSettled: () => refreshEstate(path.estate_id),
  });
  return (
    <>
      <Wrong error={end.error} />
      <Rows>
        {grants.map((grant) => {
          const name = grant.person_name ?? t("person", { id: grant.person_id });
          const limit = grant.top_up_limit === null ? "" : `, ${t("limit", { limit: formats.money(grant.top_up_limit.amount) })}`;
          return (
            <Row
              key={grant.grant_id}
              icon={<IconUser />}
              title={grant.person_id === me ? `${name} (${t("you")})` : name}
              hint={`${t(`right.${grant.right}`)}${limit}`}
            >
              {!isManager || grant.person_id === me ? null : asked === grant.grant_id ? (
                <div className={classes.sure} role="alert">
                  <p>{t("endSure", { name })}</p>
                  <Button color="clay" loading={end.isPending} onClick={() => end.mutate(grant)}>
                    {t("endYes")}
                  </Button>
                  <Button variant="default" onClick={() => setAsked(null)}>
                    {t("common:cancel")}
                  </Button>
                </div>
              ) : (
                <Button variant="subtle" onClick={() => setAsked(grant.grant_id)}>
                  {t("end")}
                </Button>
              )}
            </Row>
          );
        })}
      </Rows>
    </>
  );
}
