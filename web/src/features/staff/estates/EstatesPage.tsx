import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Card, Empty, Page, Row, Rows, Show } from "@ui";

/** The estates that somebody has a role in. */
export default function EstatesPage(): ReactNode {
  const { t } = useTranslation("estates");
  const estates = $api.useQuery("get", "/api/v1/estates", {});
  return (
    <Page title={t("title")}>
      <Card>
        <Show asked={estates} lines={6}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t("none")}>{t("noneHint")}</Empty>
            ) : (
              <Rows label={t("title")}>
                {items.map((each) => (
                  <Row key={each.estate_id} to={`${each.estate_id}`} title={each.name} hint={t(`kind.${each.kind}`)} />
                ))}
              </Rows>
            )
          }
        </Show>
      </Card>
    </Page>
  );
}
