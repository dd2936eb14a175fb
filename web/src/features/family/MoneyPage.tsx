import { Button } from "@mantine/core";
import { IconChevronRight, IconCoins } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf, useHomes, type Estate } from "@api";
import { Card, Empty, Failure, Loading, Page, Row, Rows, useFormats } from "@ui";
import { NewGroup } from "./NewGroup";
import { useGroups, type Group } from "./useGroups";
import classes from "./Family.module.css";

/** Money that is paid in once and shared out over several homes. */
export default function MoneyPage(): ReactNode {
  const { t } = useTranslation("family");
  const { homes, estates } = useHomes();
  const found = useGroups(estates);
  const [isMaking, setIsMaking] = useState(false);
  return (
    <Page title={t("money")}>
      <Card title={t("groups")}>
        {found.groups.length > 0 ? (
          <Rows>
            {found.groups.map(({ estate, group }) => (
              <GroupRow key={`${estate.estate_id}-${group.group_id}`} estate={estate} group={group} />
            ))}
          </Rows>
        ) : found.isPending ? (
          <Loading lines={3} />
        ) : found.error !== null ? (
          <Failure problem={problemOf(found.error)} retry={found.retry} />
        ) : (
          <Empty title={t("noGroups")}>{t("noGroupsHint")}</Empty>
        )}
      </Card>
      {found.isPending ? null : found.groups.length === 0 || isMaking ? (
        <NewGroup homes={homes} />
      ) : (
        <p>
          <Button variant="default" onClick={() => setIsMaking(true)}>
            {t("newGroup")}
          </Button>
        </p>
      )}
    </Page>
  );
}

function GroupRow({ estate, group }: { estate: Estate; group: Group }): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(estate);
  return (
    <Row
      to={`${estate.estate_id}/${group.group_id}`}
      icon={<IconCoins />}
      title={group.name}
      hint={`${estate.name} · ${t("homesCount", { count: group.members.length })}`}
      value={
        <span className={classes.valueOn}>
          {formats.money(group.balance.amount)}
          <IconChevronRight aria-hidden size={20} className="turns" />
        </span>
      }
      valueHint={t("toShare")}
    />
  );
}
