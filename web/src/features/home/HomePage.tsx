import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePlace } from "@api";
import { Page } from "@ui";
import { Hero } from "./Hero";
import { Latest } from "./Latest";
import { Spend } from "./Spend";
import { TodayCard } from "./TodayCard";
import { Utilities } from "./Utilities";
import classes from "./Home.module.css";

/** How much is left, how long it lasts, whether the power is on, what to press: in that order. */
export default function HomePage(): ReactNode {
  const { t } = useTranslation("home");
  const place = usePlace();
  return (
    <Page title={t("title")} isTitleHidden>
      <div className={classes.grid}>
        <div className={classes.column}>
          <Hero place={place} />
          <Utilities place={place} />
          <Latest place={place} />
        </div>
        <div className={classes.column}>
          <TodayCard place={place} />
          <Spend place={place} />
        </div>
      </div>
    </Page>
  );
}
