import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { encode } from "uqr";
import { $api, type Schemas } from "@api";
import { Wrong, Notice } from "@ui";
import classes from "./Profile.module.css";

/** The second step of signing in: set up with an app, switched off with one of its codes. */
export function SecondFactor({ person, onChange }: { person: Schemas["MeOut"]; onChange: () => void }): ReactNode {
  const { t } = useTranslation("profile");
  const [code, setCode] = useState("");
  const done = { onSuccess: () => (setCode(""), onChange()) };
  const start = $api.useMutation("post", "/api/v1/me/second-factor");
  const confirm = $api.useMutation("post", "/api/v1/me/second-factor/confirm", done);
  const remove = $api.useMutation("post", "/api/v1/me/second-factor/remove", done);
  const error = start.error ?? confirm.error ?? remove.error;
  const isWaiting = start.data !== undefined && !person.has_second_factor;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        (person.has_second_factor ? remove : confirm).mutate({ body: { code: code.trim() } });
      }}
    >
      <Wrong error={error} />
      {confirm.data === undefined || !person.has_second_factor ? null : (
        <Notice tone="good" role="status">
          <strong>{t("backup")}</strong>
          <p>{t("backupHint")}</p>
          <ul className={classes.codes}>
            {confirm.data.codes.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </Notice>
      )}
      <p>{person.has_second_factor ? t("secondOn", { count: person.backup_codes_left }) : t("secondOff")}</p>
      {isWaiting ? (
        <>
          <p>{t("scan")}</p>
          <Qr text={start.data.uri} label={t("qr")} />
          <p className={classes.secret}>{start.data.secret}</p>
        </>
      ) : null}
      {isWaiting || person.has_second_factor ? (
        <>
          <TextInput label={t("code")} inputMode="numeric" autoComplete="one-time-code" required withAsterisk={false} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
          <Button type="submit" variant="default" loading={confirm.isPending || remove.isPending}>
            {t(person.has_second_factor ? "turnOff" : "confirm")}
          </Button>
        </>
      ) : (
        <Button variant="default" loading={start.isPending} onClick={() => start.mutate({})}>
          {t("start")}
        </Button>
      )}
    </form>
  );
}

/** A code to scan, drawn as one path: the secret never leaves the page. */
function Qr({ text, label }: { text: string; label: string }): ReactNode {
  const { data, size } = encode(text);
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg className={classes.qr} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}
