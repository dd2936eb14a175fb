import { Button, PasswordInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Wrong, Notice } from "@ui";
import classes from "./Profile.module.css";

export function PasswordForm({ hasPassword }: { hasPassword: boolean }): ReactNode {
  const { t } = useTranslation("profile");
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const change = $api.useMutation("put", "/api/v1/me/password", {
    onSuccess: () => {
      setCurrent("");
      setWanted("");
    },
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ body: { password: wanted, current_password: hasPassword ? current : null } });
      }}
    >
      <Wrong error={change.error} />
      {change.isSuccess ? (
        <Notice tone="good" role="status">
          {t("passwordSet")}
        </Notice>
      ) : null}
      {hasPassword ? (
        <PasswordInput label={t("current")} autoComplete="current-password" required withAsterisk={false} value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
      ) : null}
      <PasswordInput label={t("new")} autoComplete="new-password" required withAsterisk={false} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
      <Button type="submit" variant="default" loading={change.isPending}>
        {t("setPassword")}
      </Button>
    </form>
  );
}
