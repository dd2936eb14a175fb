import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate } from "@api";
import { Card, Wrong, Notice } from "@ui";
import classes from "./Household.module.css";

/** Somebody else's home: the code of an invitation opens it. */
export function AcceptForm(): ReactNode {
  const { t } = useTranslation("household");
  const [code, setCode] = useState("");
  const accept = $api.useMutation("post", "/api/v1/invitations/accept", { onSuccess: () => refreshEstate(undefined) });
  return (
    <Card title={t("haveCode")}>
      {accept.data === undefined ? null : (
        <Notice tone="good" role="status">
          {t("accepted")}
        </Notice>
      )}
      <Wrong error={accept.error} />
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          accept.mutate({ body: { code: code.trim() } });
        }}
      >
        <TextInput label={t("code")} autoComplete="off" required withAsterisk={false} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        <Button type="submit" variant="default" loading={accept.isPending}>
          {t("accept")}
        </Button>
      </form>
    </Card>
  );
}
