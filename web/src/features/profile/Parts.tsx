import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { IconMail, IconPhone } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Card, LanguageChoice, Row, Rows, Show, SignOut } from "@ui";
import classes from "./Profile.module.css";

type Scheme = "auto" | "light" | "dark";

/** A name, and what it signs in with. */
export function Who(): ReactNode {
  const { t } = useTranslation("profile");
  const me = $api.useQuery("get", "/api/v1/me");
  return (
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
  );
}

/** How Mita speaks and looks here, and the way out. */
export function ThisDevice(): ReactNode {
  const { t } = useTranslation("profile");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
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
  );
}
