import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Notice } from "@ui";
import classes from "./Meters.module.css";

interface KeptProps {
  title: string;
  hint: string;
  another: string;
  again: () => void;
}

/** What waits on the device for a connection: what becomes of it, where it is seen, and the way to the next one. */
export function Kept({ title, hint, another, again }: KeptProps): ReactNode {
  const { t } = useTranslation("outbox");
  return (
    <div className={classes.form}>
      <Notice tone="low" role="status">
        <strong>{title}</strong>
        <p>{hint}</p>
      </Notice>
      <Button component={Link} to="../outbox" fullWidth size="lg">
        {t("keptSee")}
      </Button>
      <Button variant="default" fullWidth onClick={again}>
        {another}
      </Button>
    </div>
  );
}
