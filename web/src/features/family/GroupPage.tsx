import { IconAlertTriangle, IconArrowLeft, IconCircleCheck, IconHome } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useParams } from "react-router";
import { $api, useHomes, type Estate, type Home, type Schemas } from "@api";
import { Card, Empty, isNegative, micro, Page, Row, Rows, Show, Tag, useFormats } from "@ui";
import { AddMoney } from "./AddMoney";
import { Members } from "./Members";
import { RuleForm } from "./RuleForm";
import { ShareOut } from "./ShareOut";
import classes from "./Family.module.css";

export type Summary = Schemas["GroupSummary"];

export interface GroupPath {
  estate_id: number;
  group_id: number;
}

/** One group: its money, what its homes have and lack, and how money gets from it to them. */
export default function GroupPage(): ReactNode {
  const { t } = useTranslation("family");
  const { estateId, groupId } = useParams();
  const { homes, estates } = useHomes();
  const path = { estate_id: Number(estateId), group_id: Number(groupId) };
  const estate = estates.find((each) => each.estate_id === path.estate_id);
  const group = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}", { params: { path } });
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/summary", { params: { path } });
  if (estate === undefined) return <Navigate to="../.." relative="path" replace />;
  return (
    <Page title={group.data?.name ?? t("money")}>
      <p>
        <Link to="../.." relative="path" className={classes.back}>
          <IconArrowLeft aria-hidden size={20} className="turns" /> {t("groups")}
        </Link>
      </p>
      <Show asked={asked} lines={6}>
        {(summary) => (
          <div className={classes.columns}>
            <div className={classes.column}>
              <Money summary={summary} estate={estate} homes={homes} />
              {summary.wallets.length === 0 ? null : (
                <ShareOut summary={summary} estate={estate} path={path} target={group.data?.distribution_rule?.target.amount ?? null} />
              )}
            </div>
            <div className={classes.column}>
              <AddMoney path={path} estate={estate} />
              {group.data === undefined ? null : (
                <RuleForm rule={group.data.distribution_rule} path={path} estate={estate} />
              )}
              <Members summary={summary} homes={homes} path={path} />
            </div>
          </div>
        )}
      </Show>
    </Page>
  );
}

/** What the group has, and how each of its homes stands. */
function Money({ summary, estate, homes }: { summary: Summary; estate: Estate; homes: readonly Home[] }): ReactNode {
  const { t } = useTranslation(["family", "home"]);
  const formats = useFormats(estate);
  // without a target nobody can say what lacks
  const hasTargets = summary.wallets.some((each) => each.target !== null);
  const lacks = micro(summary.total.lacking.amount) > 0n;
  return (
    <Card>
      <p className="quiet">{t("toShare")}</p>
      <p className={`${classes.sum} num`}>{formats.money(summary.available.amount)}</p>
      {hasTargets ? (
        <div className={classes.tagLine}>
          <Tag tone={summary.is_enough ? "good" : "low"} icon={summary.is_enough ? <IconCircleCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}>
            {!lacks ? t("nothingLacks") : t(summary.is_enough ? "enough" : "notEnough", { amount: formats.money(summary.total.lacking.amount) })}
          </Tag>
        </div>
      ) : null}
      {summary.wallets.length === 0 ? (
        <Empty title={t("noMembers")}>{t("noMembersHint")}</Empty>
      ) : (
        <Rows label={t("title")}>
          {summary.wallets.map((each) => (
            <Row
              key={each.wallet_id}
              // who only pays sees a home here, and has no page of it
              to={homes.some((own) => own.estate.estate_id === estate.estate_id && own.wallet_id === each.wallet_id) ? `/e/${estate.estate_id}/u/${each.unit_id}` : undefined}
              icon={<IconHome />}
              title={each.name}
              hint={isNegative(each.balance.amount) ? t("home:lastsUsedUp") : each.days_left === null ? t("nothingUsed") : t("home:lasts", { count: each.days_left })}
              value={formats.money(each.balance.amount)}
              valueHint={micro(each.lacking.amount) > 0n ? t("lacks", { amount: formats.money(each.lacking.amount) }) : undefined}
            />
          ))}
        </Rows>
      )}
    </Card>
  );
}
