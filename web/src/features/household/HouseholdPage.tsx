import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, usePlace } from "@api";
import { Card, Page, Show } from "@ui";
import { AcceptForm } from "./AcceptForm";
import { Invitations } from "./Invitations";
import { Limits } from "./Limits";
import { People } from "./People";

/** Who else sees this home, what they may do, and what may be spent. */
export default function HouseholdPage(): ReactNode {
  const { t } = useTranslation("household");
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id };
  const me = $api.useQuery("get", "/api/v1/me");
  const grants = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants", { params: { path } });
  const mine = grants.data?.items.find((each) => each.person_id === me.data?.person_id);
  const isManager = mine?.right === "manage";
  return (
    <Page title={t("title")}>
      <Card title={t("people")}>
        <Show asked={grants} lines={3}>
          {({ items }) => <People grants={items} me={me.data?.person_id ?? null} isManager={isManager} path={path} />}
        </Show>
      </Card>
      {isManager ? <Invitations path={path} place={place} /> : null}
      <Limits path={path} place={place} isManager={isManager} />
      <AcceptForm />
    </Page>
  );
}
