import { Button } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import { IconDownload } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Card, Notice, useFormats, Wrong } from "@ui";
import { isUnderWay, type State } from "./words";
import classes from "./Imports.module.css";

/** How far a file is, or that none of it was taken. */
export function Progress({ state, of }: { state: State; of: { done: number; total: number } }): ReactNode {
  const { t } = useTranslation("imports");
  const formats = useFormats(useEstate().estate);
  if (state === "refused") return <Notice tone="out">{t("refusedHint")}</Notice>;
  if (!isUnderWay(state)) return null;
  return (
    <div role="status">
      <p>{t("progress", { done: formats.number(of.done), total: formats.number(of.total) })}</p>
      <progress className={classes.progress} aria-label={t("progressLabel")} max={Math.max(of.total, 1)} value={of.done} />
    </div>
  );
}

/** What is wrong in which row, as a table and as a file to mend. */
export function FaultsCard({ take, children }: { take: UseMutationResult<void, unknown, void>; children: ReactNode }): ReactNode {
  const { t } = useTranslation("imports");
  return (
    <Card
      title={t("faults")}
      action={
        <Button variant="default" leftSection={<IconDownload aria-hidden size={18} />} loading={take.isPending} onClick={() => take.mutate()}>
          {t("errorFile")}
        </Button>
      }
    >
      <Wrong error={take.error} />
      {children}
    </Card>
  );
}
