import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { usePlace } from "@api";
import { Card, micro, Page, Row, Rows, useFormats, UtilityIcon } from "@ui";
import { Forecast } from "./Forecast";
import { Transactions } from "./Transactions";

/** A wallet's money by utility, and everything that moved it. */
export default function WalletPage(): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const place = usePlace();
  const formats = useFormats(place.estate);
  const { balances, general } = place.wallet;
  return (
    <Page
      title={t("title")}
      aside={
        <Button component={Link} to="../top-up" leftSection={<IconPlus aria-hidden size={20} />}>
          {t("topUp")}
        </Button>
      }
    >
      <Card title={t("accounts")}>
        <Rows>
          {balances.map(({ utility, balance, standing }) => (
            <Row
              key={utility}
              icon={<UtilityIcon utility={utility} />}
              title={t(`common:utility.${utility}`)}
              hint={t(`common:standing.${standing}`)}
              value={formats.money(balance.amount)}
            />
          ))}
          {micro(general.balance.amount) === 0n ? null : (
            <Row icon={<UtilityIcon utility="general" />} title={t("common:utility.general")} value={formats.money(general.balance.amount)} />
          )}
        </Rows>
      </Card>
      <Forecast place={place} />
      <Card title={t("moves")}>
        <Transactions place={place} />
      </Card>
    </Page>
  );
}
