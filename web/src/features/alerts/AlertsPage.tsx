import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, usePages, usePlace, type Pages, type Schemas } from "@api";
import { Card, Empty, Page, RowLine, sentence, Show, Tag, useExplainedTexts, useFormats, VirtualRows } from "@ui";
import { Hearing } from "./Hearing";
import { PushCard } from "./PushCard";
import { alertTold } from "./told";

const PAGE = 50;

type Told = Schemas["AlertOut"];

/** What somebody should know, newest first; what is over comes after. */
export default function AlertsPage(): ReactNode {
  const { t } = useTranslation("alerts");
  const place = usePlace();
  const asked = usePages("/api/v1/estates/{estate_id}/alerts", {
    params: { path: { estate_id: place.estate.estate_id }, query: { limit: PAGE } },
  });
  return (
    <Page title={t("title")}>
      <Show asked={asked} lines={4}>
        {(items) => {
          const open = items.filter((each) => each.resolved_at === null);
          const over = items.filter((each) => each.resolved_at !== null);
          return (
            <>
              <Card title={t("open")}>
                {open.length === 0 ? <Empty title={t("none")}>{t("noneHint")}</Empty> : <Alerts alerts={open} label={t("open")} />}
              </Card>
              {over.length === 0 && !asked.hasMore ? null : (
                <Card title={t("earlier")}>
                  <Alerts alerts={over} label={t("earlier")} pages={asked} />
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

function Alerts({ alerts, label, pages }: { alerts: Told[]; label: string; pages?: Pages<Told> }): ReactNode {
  return (
    // what is chosen to be heard of stands below the list, so that it ends until somebody asks for more
    <VirtualRows items={alerts} keyOf={(each) => each.alert_id} label={label} pages={pages} isEndless={false}>
      {(each) => <Alert alert={each} />}
    </VirtualRows>
  );
}

function Alert({ alert }: { alert: Told }): ReactNode {
  const { t, i18n } = useTranslation(["alerts", "common"]);
  const explained = useExplainedTexts();
  const place = usePlace();
  const formats = useFormats(place.estate);
  const { estate_id } = place.estate;
  const utility = (word: string): string => t(`common:utility.${word}` as "common:utility.electricity", { defaultValue: word });
  const told = alertTold(alert, { t: explained, formats, utility });
  const isEnglish = i18n.language.split("-")[0] === "en";
  const see = $api.useMutation("post", "/api/v1/estates/{estate_id}/alerts/{alert_id}/seen", {
    onSuccess: () => refreshEstate(estate_id),
  });
  const isOver = alert.resolved_at !== null;
  return (
    <RowLine
      icon={isOver ? <IconCircleCheck /> : <IconAlertTriangle />}
      title={told ?? <span lang={isEnglish ? undefined : "en"}>{sentence(alert.sentence)}</span>}
      hint={isOver ? t("over", { time: formats.moment(alert.resolved_at!) }) : formats.moment(alert.raised_at)}
    >
      {/* what a price becomes is told in the words of its tables */}
      {alert.kind !== "rate_change" || told === undefined ? null : (
        <p className="quiet small" lang={isEnglish ? undefined : "en"}>
          {sentence(alert.sentence)}
        </p>
      )}
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
    </RowLine>
  );
}
