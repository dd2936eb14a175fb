import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { useEstate } from "@api";
import { Page } from "@ui";
import classes from "./Ledger.module.css";

const PARTS = [
  ["", "accounts"],
  ["/journals", "journals"],
  ["/trial-balance", "trialBalance"],
  ["/months", "months"],
  ["/clearing", "clearing"],
  ["/adjustments", "adjustments"],
] as const;

/** A page of the ledger, with the way to its others. */
export function LedgerPage({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate } = useEstate();
  return (
    <Page title={title} aside={aside}>
      <nav className={classes.tabs} aria-label={t("title")}>
        {PARTS.map(([to, word]) => (
          <NavLink key={word} to={`/estates/${estate.estate_id}/ledger${to}`} end>
            {t(`part.${word}`)}
          </NavLink>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** Where a page of the ledger is, from anywhere in the estate. */
export function useLedgerPath(): (below: string) => string {
  const { estate } = useEstate();
  return (below) => `/estates/${estate.estate_id}/ledger${below}`;
}
