import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, usePlace, type Schemas } from "@api";
import { Card, Empty, Page, Row, Rows, sentence, Show, Tag, useFormats } from "@ui";
import { Hearing } from "./Hearing";
import { PushCard } from "./PushCard";

const SHOWN = 50;

/** What somebody should know, newest first; what is over comes after. */
export default function AlertsPage(): ReactNode {
  const { t } = useTranslation("alerts");
  const place = usePlace();
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/alerts", {
    params: { path: { estate_id: place.estate.estate_id }, query: { limit: SHOWN } },
  });
  return (
    <Page title={t("title")}>
      <Show asked={asked} lines={4}>
        {({ items }) => {
          const open = items.filter((each) => each.resolved_at === null);
          const over = items.filter((each) => each.resolved_at !== null);
          return (
            <>
              <Card title={t("open")}>
                {open.length === 0 ? <Empty title={t("none")}>{t("noneHint")}</Empty> : <Rows>{open.map((each) => <Alert key={each.alert_id} alert={each} />)}</Rows>}
              </Card>
              {over.length === 0 ? null : (
                <Card title={t("earlier")}>
                  <Rows>
                    {over.map((each) => (
                      <Alert key={each.alert_id} alert={each} />
                    ))}
                  </Rows>
                </Card>
              )}
            </>
          );
        }}
      </Show>
      <PushCard />
      <Hearing />
    </Page>
  );
}

function Alert({ alert }: { alert: Schemas["AlertOut"] }): ReactNode {
  const { t } = useTranslation("alerts");
  const place = usePlace();
  const formats = useFormats(place.estate);
  const { estate_id } = place.estate;
  const see = $api.useMutation("post", "/api/v1/estates/{estate_id}/alerts/{alert_id}/seen", {
    onSuccess: () => refreshEstate(estate_id),
  });
  const isOver = alert.resolved_at !== null;
  return (
    <Row
      icon={isOver ? <IconCircleCheck /> : <IconAlertTriangle />}
      title={sentence(alert.sentence)}
      hint={isOver ? t("over", { time: formats.moment(alert.resolved_at!) }) : formats.moment(alert.raised_at)}
    >
      {isOver ? null : alert.seen_at === null ? (
        <Button
          variant="default"
          loading={see.isPending}
          onClick={() => see.mutate({ params: { path: { estate_id, alert_id: alert.alert_id } } })}
        >
          {t("seen")}
        </Button>
      ) : (
        <Tag>{t("isSeen")}</Tag>
      )}
    </Row>
  );
}
