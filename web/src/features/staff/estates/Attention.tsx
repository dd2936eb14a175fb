import { IconAlertTriangle, IconCircleCheck, IconTool, IconWifiOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Empty, Row, Rows, Show, useFormats } from "@ui";

const FEW = 5;

/** Units and meters that somebody should look at: who is out of credit, what is silent, what has an issue. */
export function Attention(): ReactNode {
  const { t } = useTranslation("estates");
  const { path, may } = useEstate();
  const isMoney = may("wallets.read");
  const isMeters = may("meters.read");
  const params = { path, query: { limit: FEW } };
  const low = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/low-credit", { params }, { enabled: isMoney });
  const silent = $api.useQuery("get", "/api/v1/estates/{estate_id}/silent-meters", { params }, { enabled: isMeters });
  const issues = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/issues",
    { params: { path, query: { limit: FEW, state: "open" } } },
    { enabled: isMeters },
  );
  const rows = [
    isMoney ? <Show key="low" asked={low} lines={2}>{(told) => <LowCredit told={told as unknown as LowReport} />}</Show> : null,
    isMeters ? <Show key="silent" asked={silent} lines={2}>{({ items }) => <Silent items={items} />}</Show> : null,
    isMeters ? <Show key="issues" asked={issues} lines={2}>{({ items }) => <Issues items={items} />}</Show> : null,
  ];
  const isNothing =
    (!isMoney || (low.data as unknown as LowReport | undefined)?.items.length === 0) &&
    (!isMeters || (silent.data?.items.length === 0 && issues.data?.items.length === 0));
  return (
    <Card title={t("attention")}>
      {isNothing ? (
        <Empty title={t("allWell")}>
          <IconCircleCheck aria-hidden size={18} /> {t("allWellHint")}
        </Empty>
      ) : (
        rows
      )}
    </Card>
  );
}

type LowReport = import("@api").Schemas["LowCreditReport"];
type SilentMeter = import("@api").Schemas["SilentMeterOut"];
type Issue = import("@api").Schemas["AnyIssueOut"];

function LowCredit({ told }: { told: LowReport }): ReactNode {
  const { t } = useTranslation(["estates", "common"]);
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (told.items.length === 0) return null;
  return (
    <Rows label={t("lowCredit")}>
      {told.items.map((each) => (
        <Row
          key={`${each.unit_id}-${each.utility}`}
          to={`units/${each.unit_id}`}
          icon={<IconAlertTriangle />}
          title={each.name}
          hint={`${t(`standingWord.${each.standing}`)} · ${t(`common:utility.${each.utility}`)}`}
          value={formats.money(each.balance.amount)}
          valueHint={each.days_left === null ? undefined : t("daysLeft", { count: each.days_left })}
        />
      ))}
    </Rows>
  );
}

function Silent({ items }: { items: SilentMeter[] }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (items.length === 0) return null;
  return (
    <Rows label={t("silentMeters")}>
      {items.map((each) => (
        <Row
          key={each.meter_id}
          to={`meters/${each.meter_id}`}
          icon={<IconWifiOff />}
          title={each.serial}
          hint={t("silentSince", { time: formats.moment(each.silent_since) })}
        />
      ))}
    </Rows>
  );
}

function Issues({ items }: { items: Issue[] }): ReactNode {
  const { t } = useTranslation("estates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (items.length === 0) return null;
  return (
    <Rows label={t("issues")}>
      {items.map((each) => (
        <Row
          key={each.issue_id}
          to={each.meter_id === null ? `devices/${each.device_id}` : `meters/${each.meter_id}`}
          icon={<IconTool />}
          title={each.name}
          hint={each.remedy}
          value={t(`severity.${each.severity}`)}
          valueHint={t("since", { time: formats.moment(each.since) })}
        />
      ))}
    </Rows>
  );
}
