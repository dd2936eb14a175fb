import { IconBell, IconShieldLock, IconUsers } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card, Page, Row, Rows } from "@ui";
import { ThisDevice, Who } from "./Parts";

/** Who somebody is here, and how Mita looks and speaks to them. */
export default function ProfilePage(): ReactNode {
  const { t } = useTranslation("profile");
  return (
    <Page title={t("title")}>
      <Who />
      <Card>
        <Rows>
          <Row to="../household" icon={<IconUsers />} title={t("household")} hint={t("householdHint")} />
          <Row to="../alerts" icon={<IconBell />} title={t("alerts")} hint={t("alertsHint")} />
          <Row to="../security" icon={<IconShieldLock />} title={t("security")} hint={t("securityHint")} />
        </Rows>
      </Card>
      <ThisDevice />
    </Page>
  );
}
