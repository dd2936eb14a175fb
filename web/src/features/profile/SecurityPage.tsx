import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Card, Page, Show } from "@ui";
import { Devices } from "./Devices";
import { Passkeys } from "./Passkeys";
import { PasswordForm } from "./PasswordForm";
import { SecondFactor } from "./SecondFactor";

/** How somebody proves who they are, and where they did. */
export default function SecurityPage(): ReactNode {
  const { t } = useTranslation("profile");
  const me = $api.useQuery("get", "/api/v1/me");
  return (
    <Page title={t("security")}>
      <Passkeys />
      <Card title={t("second")}>
        <Show asked={me}>{(person) => <SecondFactor person={person} onChange={() => void me.refetch()} />}</Show>
      </Card>
      <Card title={t("password")}>
        <Show asked={me}>{(person) => <PasswordForm hasPassword={person.has_password} />}</Show>
      </Card>
      <Devices />
    </Page>
  );
}
