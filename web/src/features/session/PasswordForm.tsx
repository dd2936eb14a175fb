import { Button, PasswordInput, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, askPasskey, canUsePasskeys, problemOf } from "@api";
import { Notice } from "@ui";
import type { StepProps } from "./SignInPage";
import { Why } from "./Why";
import classes from "./SignIn.module.css";

/** The usual way; beside it those without a password. */
export function PasswordForm({ identifier, onIdentifier, onWay, onDone }: StepProps): ReactNode {
  const { t } = useTranslation("session");
  const [password, setPassword] = useState("");
  const signIn = $api.useMutation("post", "/api/v1/auth/sign-in", { onSuccess: onDone });
  const passkey = useMutation({ mutationFn: askPasskey, onSuccess: onDone });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate({ body: { identifier, password, keep: "cookie" } });
      }}
    >
      <Why error={signIn.error} />
      {passkey.error === null ? null : (
        <Notice tone="low" role="alert">
          {t("noPasskey", { why: problemOf(passkey.error).detail })}
        </Notice>
      )}
      <TextInput
        label={t("identifier")}
        name="identifier"
        type="text"
        autoComplete="username webauthn"
        inputMode="email"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        value={identifier}
        onChange={(event) => onIdentifier(event.currentTarget.value)}
      />
      <PasswordInput
        label={t("password")}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" size="lg" fullWidth loading={signIn.isPending}>
        {t("signIn")}
      </Button>
      <div className={classes.others}>
        {canUsePasskeys() ? (
          <Button
            variant="default"
            fullWidth
            leftSection={<IconFingerprint aria-hidden size={22} />}
            loading={passkey.isPending}
            onClick={() => passkey.mutate()}
          >
            {t("byPasskey")}
          </Button>
        ) : null}
        <Button variant="subtle" fullWidth onClick={() => onWay({ is: "code" })}>
          {t("byCode")}
        </Button>
        <Button variant="subtle" fullWidth onClick={() => onWay({ is: "reset" })}>
          {t("forgot")}
        </Button>
      </div>
    </form>
  );
}
