import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Notice } from "@ui";
import type { StepProps } from "./SignInPage";
import { Why } from "./Why";
import classes from "./SignIn.module.css";

/** Sign in with a code that is sent, or set a new password with one. */
export function CodeForm({ identifier, onIdentifier, onWay, onDone, isReset }: StepProps & { isReset: boolean }): ReactNode {
  const { t } = useTranslation("session");
  const [codeId, setCodeId] = useState<string | null>(null);
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const path = isReset ? "/api/v1/auth/password-resets" : "/api/v1/auth/codes";
  const send = $api.useMutation("post", path, { onSuccess: (sent) => setCodeId(sent.code_id) });
  const show = $api.useMutation("post", "/api/v1/auth/codes/verify", { onSuccess: onDone });
  const reset = $api.useMutation("post", "/api/v1/auth/password-resets/confirm", { onSuccess: onDone });
  const error = send.error ?? show.error ?? reset.error;
  const submit = (): void => {
    if (codeId === null) send.mutate({ body: { identifier } });
    else if (isReset) reset.mutate({ body: { code_id: codeId, code, password, keep: "cookie" } });
    else show.mutate({ body: { code_id: codeId, code, keep: "cookie" } });
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Why error={error} />
      {codeId === null ? (
        <TextInput
          label={t("identifier")}
          description={t("identifierHint")}
          autoComplete="username"
          inputMode="email"
          autoCapitalize="none"
          required
          withAsterisk={false}
          value={identifier}
          onChange={(event) => onIdentifier(event.currentTarget.value)}
        />
      ) : (
        <>
          <Notice role="status">{t("codeSent", { to: identifier })}</Notice>
          <TextInput
            label={t("code")}
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            withAsterisk={false}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          {isReset ? (
            <PasswordInput
              label={t("newPassword")}
              autoComplete="new-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          ) : null}
        </>
      )}
      <Button type="submit" size="lg" fullWidth loading={send.isPending || show.isPending || reset.isPending}>
        {t(codeId === null ? "sendCode" : isReset ? "setPassword" : "signIn")}
      </Button>
      <Button variant="subtle" fullWidth onClick={() => onWay({ is: "password" })}>
        {t("byPassword")}
      </Button>
    </form>
  );
}
