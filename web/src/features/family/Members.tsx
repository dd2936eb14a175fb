import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, type Home } from "@api";
import { Card, Row, Rows, Wrong } from "@ui";
import type { GroupPath, Summary } from "./GroupPage";
import classes from "./Family.module.css";

/** Which homes are in the group: one leaves with the money that it has, another one joins. */
export function Members({ summary, homes, path }: { summary: Summary; homes: readonly Home[]; path: GroupPath }): ReactNode {
  const { t } = useTranslation(["family", "common"]);
  const [asked, setAsked] = useState<number | null>(null);
  const again = (): void => {
    setAsked(null);
    refreshEstate(path.estate_id);
  };
  const join = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/members", { onSuccess: again });
  const leave = $api.useMutation("delete", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/members/{wallet_id}", { onSuccess: again });
  const free = homes.filter((each) => each.estate.estate_id === path.estate_id && each.group_id === null && each.right !== "view" && each.right !== "top_up");
  return (
    <Card title={t("members")}>
      <Wrong error={join.error ?? leave.error} />
      <Rows label={t("members")}>
        {summary.wallets.map(({ wallet_id, name }) => (
          <Row
            key={wallet_id}
            title={name}
            value={
              asked === wallet_id ? undefined : (
                <Button variant="subtle" aria-label={t("takeOutOf", { home: name })} onClick={() => setAsked(wallet_id)}>
                  {t("takeOut")}
                </Button>
              )
            }
          >
            {asked === wallet_id ? (
              <div className={classes.sure} role="alert">
                <p>{t("takeOutSure", { home: name })}</p>
                <Button color="clay" loading={leave.isPending} onClick={() => leave.mutate({ params: { path: { ...path, wallet_id } } })}>
                  {t("takeOut")}
                </Button>
                <Button variant="default" onClick={() => setAsked(null)}>
                  {t("common:cancel")}
                </Button>
              </div>
            ) : null}
          </Row>
        ))}
        {free.map(({ wallet_id, name }) => (
          <Row
            key={wallet_id}
            title={name}
            hint={t("notInside")}
            value={
              <Button variant="default" aria-label={t("putInOf", { home: name })} loading={join.isPending} onClick={() => join.mutate({ params: { path }, body: { wallet_id } })}>
                {t("putIn")}
              </Button>
            }
          />
        ))}
      </Rows>
    </Card>
  );
}
