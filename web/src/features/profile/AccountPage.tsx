import { IconShieldLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card, Page, Row, Rows } from "@ui";
import { ThisDevice, Who } from "./Parts";

/** The same as the profile, for those who work here and need not live here. */
export default function AccountPage(): ReactNode {
  const { t } = useTranslation("profile");
  return (
    <Page title={t("title")}>
      <Who />
      <Card>
        <Rows>
          <Row to="security" icon={<IconShieldLock />} title={t("security")} hint={t("securityHint")} />
        </Rows>
      </Card>
      <ThisDevice />
    </Page>
  );
}
