import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSupplies, type Place, type Schemas } from "@api";
import { Card, Empty, isNegative, micro, Row, Rows, SupplyTag, Tag, useFormats, UtilityIcon } from "@ui";

/** Each utility with its money and whether it is on. */
export function Utilities({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["home", "common", "meters"]);
  const formats = useFormats(place.estate);
  const supplies = useSupplies(place);
  const { balances, general } = place.wallet;
  if (balances.length === 0 && micro(general.balance.amount) === 0n) {
    return (
      <Card title={t("utilities")}>
        <Empty title={t("meters:none")}>{t("meters:noneHint")}</Empty>
      </Card>
    );
  }
  return (
    <Card title={t("utilities")}>
      <Rows>
        {balances.map(({ utility, balance, standing }) => (
          <Row
            key={utility}
            to="meters"
            icon={<UtilityIcon utility={utility} />}
            title={t(`common:utility.${utility}`)}
            hint={<State supply={supplies.data?.items.find((each) => each.utility === utility)} standing={standing} />}
            value={formats.money(balance.amount)}
          />
        ))}
        {micro(general.balance.amount) === 0n ? null : (
          <Row
            icon={<UtilityIcon utility="general" />}
            title={t("common:utility.general")}
            hint={isNegative(general.balance.amount) ? undefined : t("general")}
            value={formats.money(general.balance.amount)}
          />
        )}
      </Rows>
    </Card>
  );
}

function State({ supply, standing }: { supply: Schemas["WalletSupply"] | undefined; standing: "in_credit" | "low" | "out" }): ReactNode {
  const { t } = useTranslation("common");
  return (
    <span style={{ display: "inline-flex", gap: "0.375rem", flexWrap: "wrap" }}>
      {supply === undefined ? null : <SupplyTag supply={supply} />}
      {standing === "in_credit" ? null : (
        <Tag tone={standing} icon={<IconAlertTriangle aria-hidden />}>
          {t(`standing.${standing}`)}
        </Tag>
      )}
    </span>
  );
}
