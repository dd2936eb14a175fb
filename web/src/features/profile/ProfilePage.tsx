import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { IconBell, IconMail, IconPhone, IconShieldLock, IconUsers } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Card, LanguageChoice, Page, Row, Rows, Show, SignOut } from "@ui";
import classes from "./Profile.module.css";

type Scheme = "auto" | "light" | "dark";

/** Who somebody is here, and how Mita looks and speaks to them. */
export default function ProfilePage(): ReactNode {
  const { t } = useTranslation("profile");
  const me = $api.useQuery("get", "/api/v1/me");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Page title={t("title")}>
      <Card>
        <Show asked={me} lines={3}>
          {(person) => (
            <>
              <h2 className={classes.name}>{person.name}</h2>
              <Rows label={t("signInWith")}>
                {person.identifiers.map((each) => (
                  <Row
                    key={each.value}
                    icon={each.kind === "email" ? <IconMail /> : <IconPhone />}
                    title={each.value}
                    hint={t(each.is_verified ? "verified" : "unverified")}
                  />
                ))}
              </Rows>
            </>
          )}
        </Show>
      </Card>
      <Card>
        <Rows>
          <Row to="../household" icon={<IconUsers />} title={t("household")} hint={t("householdHint")} />
          <Row to="../alerts" icon={<IconBell />} title={t("alerts")} hint={t("alertsHint")} />
          <Row to="../security" icon={<IconShieldLock />} title={t("security")} hint={t("securityHint")} />
        </Rows>
      </Card>
      <Card title={t("thisDevice")}>
        <div className={classes.form}>
          <LanguageChoice />
          <div role="group" aria-label={t("theme")}>
            <p className={classes.label}>{t("theme")}</p>
            <SegmentedControl
              fullWidth
              aria-label={t("theme")}
              value={colorScheme}
              onChange={(next) => setColorScheme(next as Scheme)}
              data={(["auto", "light", "dark"] as Scheme[]).map((each) => ({ value: each, label: t(each) }))}
            />
          </div>
          <SignOut />
        </div>
      </Card>
    </Page>
  );
}
