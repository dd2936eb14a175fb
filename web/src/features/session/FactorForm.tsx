import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import type { StepProps } from "./SignInPage";
import { Why } from "./Why";
import classes from "./SignIn.module.css";

/** The second factor: what the authenticator app shows, or a backup code. */
export function FactorForm({ ticket, onWay, onDone }: StepProps & { ticket: string }): ReactNode {
  const { t } = useTranslation("session");
  const [code, setCode] = useState("");
  const show = $api.useMutation("post", "/api/v1/auth/second-factor", { onSuccess: onDone });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        show.mutate({ body: { ticket, code: code.trim(), keep: "cookie" } });
      }}
    >
      <p className="quiet">{t("factorHint")}</p>
      <Why error={show.error} />
      <TextInput
        label={t("code")}
        autoComplete="one-time-code"
        autoFocus
        required
        withAsterisk={false}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Button type="submit" size="lg" fullWidth loading={show.isPending}>
        {t("confirm")}
      </Button>
      <Button variant="subtle" fullWidth onClick={() => onWay({ is: "password" })}>
        {t("startOver")}
      </Button>
    </form>
  );
}
