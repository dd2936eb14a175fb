import { Button, SegmentedControl } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { refreshEstate, useEstate } from "@api";
import { Card, Notice, Wrong } from "@ui";
import { keepFile, keptFile } from "./kept";
import type { Mode } from "./send";
import classes from "./Imports.module.css";

interface CarryProps {
  /** Of the look. */
  id: string;
  faults: number;
  good: number;
  send: (file: File, mode: Mode) => Promise<string>;
}

/** After a look: import the same file now, whole or without the rows that are wrong. */
export function Carry({ id, faults, good, send }: CarryProps): ReactNode {
  const { t } = useTranslation("imports");
  const { path } = useEstate();
  const navigate = useNavigate();
  const [mode, setMode] = useState<Mode>("all_or_nothing");
  const file = keptFile(id);
  const carry = useMutation({
    mutationFn: async (given: File) => {
      const next = await send(given, mode);
      keepFile(next, given);
      return next;
    },
    onSuccess: (next) => {
      refreshEstate(path.estate_id);
      void navigate(`../${next}`, { relative: "path" });
    },
  });
  const toList = `/estates/${path.estate_id}/imports`;
  if (file === undefined) {
    return (
      <Card>
        <p>{t("notKept")}</p>
        <Button component={Link} to={toList} variant="default">
          {t("chooseAgain")}
        </Button>
      </Card>
    );
  }
  const isBlocked = faults > 0 && (mode === "all_or_nothing" || good === 0);
  return (
    <Card title={t("carry")}>
      <div className={classes.form}>
        {faults === 0 ? (
          <p>{t("allGood", { count: good })}</p>
        ) : (
          <>
            <SegmentedControl
              aria-label={t("mode")}
              value={mode}
              onChange={(each) => setMode(each as Mode)}
              data={[
                { value: "all_or_nothing", label: t("modes.all_or_nothing") },
                { value: "valid_rows", label: t("modes.valid_rows") },
              ]}
            />
            <Notice tone="low">{t(mode === "all_or_nothing" ? "blocked" : "partly", { count: faults })}</Notice>
          </>
        )}
        <Wrong error={carry.error} />
        <div className={classes.line}>
          <Button disabled={isBlocked} loading={carry.isPending} onClick={() => carry.mutate(file)}>
            {faults === 0 || mode === "all_or_nothing" ? t("carryDo") : t("carryGood", { count: good })}
          </Button>
          <Button component={Link} to={toList} variant="default">
            {t("otherFile")}
          </Button>
        </div>
      </div>
    </Card>
  );
}
