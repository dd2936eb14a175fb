import { Button } from "@mantine/core";
import { IconCircleCheck, IconPrinter } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Place, Schemas } from "@api";
import { Card, micro, Row, Rows, useFormats, UtilityIcon } from "@ui";
import type { Order } from "./TopUpPage";
import classes from "./TopUp.module.css";

/** What was paid and where it went, to keep. */
export function Receipt({ paid, order, place }: { paid: Schemas["TopUpOut"]; order: Order; place: Place }): ReactNode {
  const { t } = useTranslation(["topup", "common"]);
  const formats = useFormats(place.estate);
  const [at] = useState(() => Date.now());
  const owed = [
    { word: "repaid", amount: paid.repaid.amount },
    { word: "recovered", amount: paid.recovered.amount },
  ] as const;
  return (
    <Card>
      <div className={classes.done} role="status">
        <IconCircleCheck aria-hidden size={56} />
        <h2>{t("done")}</h2>
        <p>{t("doneHint", { amount: formats.money(order.amount) })}</p>
      </div>
      <h3 className="quiet small">{t("parts")}</h3>
      <Rows label={t("parts")}>
        {paid.parts.map((part) => (
          <Row
            key={part.utility}
            icon={<UtilityIcon utility={part.utility} />}
            title={t(`common:utility.${part.utility}`)}
            value={formats.money(part.amount.amount)}
          />
        ))}
        {owed.map(({ word, amount }) =>
          micro(amount) === 0n ? null : <Row key={word} icon={<UtilityIcon utility="general" />} title={t(word)} value={formats.money(amount)} />,
        )}
      </Rows>
      <dl className={classes.facts}>
        <dt>{t("when")}</dt>
        <dd>{formats.moment(at)}</dd>
        <dt>{t("checkHome")}</dt>
        <dd>
          {place.unitName}, {place.estate.name}
        </dd>
        <dt>{t("number")}</dt>
        <dd className="small">{paid.journal_id}</dd>
      </dl>
      <div className={classes.form}>
        <Button component={Link} to=".." relative="path" size="lg" fullWidth>
          {t("home")}
        </Button>
        <Button variant="subtle" fullWidth leftSection={<IconPrinter aria-hidden size={20} />} onClick={() => window.print()}>
          {t("print")}
        </Button>
      </div>
    </Card>
  );
}
