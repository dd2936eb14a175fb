import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Wrong } from "@ui";
import { unplaced } from "@ui/staff";
import classes from "./Supply.module.css";

export interface SavingState {
  isPending: boolean;
  isSuccess: boolean;
  error: unknown;
}

/** The end of a rule's form: what went wrong beside its fields, saving it, and who may not. */
export function Saving({ of, fields }: { of: SavingState; fields: readonly string[] }): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const isAllowed = useEstate().may("estates.write");
  return (
    <>
      <Wrong error={unplaced(of.error, fields)} />
      <div className={classes.buttons}>
        <Button type="submit" variant="default" loading={of.isPending} disabled={!isAllowed}>
          {t("common:save")}
        </Button>
        {of.isSuccess ? <span role="status">{t("common:saved")}</span> : null}
        {isAllowed ? null : <span className="quiet small">{t("mayNot")}</span>}
      </div>
    </>
  );
}
