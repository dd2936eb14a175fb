import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Card, Page } from "@ui";

/** An estate at a glance. */
export default function OverviewPage(): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  return (
    <Page title={estate.name}>
      <Card>
        <p className="quiet">
          {t(`kind.${estate.kind}`)} · {estate.address}
        </p>
      </Card>
    </Page>
  );
}
