import { Button } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { emptyOutbox, signOut, useOutbox } from "@api";
import { Notice } from "./states";

/** Sign out; where something was not sent yet, say what becomes of it and ask once more. */
export function SignOut(): ReactNode {
  const { t } = useTranslation(["outbox", "common"]);
  const { items } = useOutbox();
  const [isAsked, setAsked] = useState(false);
  if (!isAsked || items.length === 0) {
    return (
      <Button
        variant="default"
        leftSection={<IconLogout aria-hidden size={20} />}
        onClick={() => (items.length === 0 ? void signOut() : setAsked(true))}
      >
        {t("common:signOut")}
      </Button>
    );
  }
  return (
    <Notice tone="low" role="alert">
      <p>{t(items.every((each) => each.kind === "manual_reading") ? "outbox:signOut" : "outbox:signOutAny", { count: items.length })}</p>
      <Button variant="default" onClick={() => setAsked(false)} autoFocus fullWidth>
        {t("outbox:stay")}
      </Button>
      <Button color="red" variant="light" fullWidth onClick={() => void emptyOutbox().finally(() => void signOut())}>
        {t("outbox:signOutAnyway")}
      </Button>
    </Notice>
  );
}
