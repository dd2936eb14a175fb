import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CopyId, Notice } from "@ui";
import classes from "./Access.module.css";

/** A secret that is shown this once: nobody, not even Mita, can show it again. */
export function Once({ secret, onDone }: { secret: string; onDone: () => void }): ReactNode {
  const { t } = useTranslation("access");
  return (
    <Notice tone="good" role="status">
      <div className={classes.secret}>
        <strong>{t("once")}</strong>
        <CopyId id={secret} word={secret} />
        <p>{t("onceHint")}</p>
        <Button variant="default" onClick={onDone}>
          {t("kept")}
        </Button>
      </div>
    </Notice>
  );
}
