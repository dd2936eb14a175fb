import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, usePlace, type Schemas } from "@api";
import { Card, Notice, Page, Show, useFormats } from "@ui";
import { Lines } from "./Lines";
import classes from "./Wallet.module.css";

type Utility = Schemas["TransactionOut"]["utility"];

/** One transaction: what it was, and where its amount comes from, to the cent. */
export default function EntryPage(): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const place = usePlace();
  const { utility, seq } = useParams();
  const asked = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/wallets/{wallet_id}/entries/{utility}/{seq}/explanation",
    {
      params: {
        path: {
          estate_id: place.estate.estate_id,
          wallet_id: place.wallet.wallet_id,
          utility: utility as Utility,
          seq: Number(seq),
        },
      },
    },
  );
  return (
    <Page
      title={t("entry")}
      aside={
        <Button component={Link} to="../wallet" variant="subtle" leftSection={<IconArrowLeft aria-hidden className="turns" size={20} />}>
          {t("common:back")}
        </Button>
      }
    >
      <Show asked={asked} lines={6}>
        {(told) => <Told told={told as Schemas["ExplanationOut"]} utility={utility as Utility} />}
      </Show>
    </Page>
  );
}

function Told({ told, utility }: { told: Schemas["ExplanationOut"]; utility: Utility }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const place = usePlace();
  const formats = useFormats(place.estate);
  return (
    <>
      <Card title={`${t(`kind.${told.kind}`, { defaultValue: told.kind })} · ${t(`common:utility.${utility}`)}`}>
        <p className={`${classes.big} num`}>{formats.money(told.amount.amount, { sign: true })}</p>
        <p className={classes.text}>{told.text}</p>
      </Card>
      {told.is_exact ? null : <Notice>{t("notExact")}</Notice>}
      {told.lines.length === 0 ? null : (
        <Card title={t("why")}>
          <Lines told={told} place={place} />
        </Card>
      )}
      {told.later_corrections.map((each) => (
        <Notice key={each.booked_at} tone="low">
          <strong>{t("corrected")}</strong>
          <p>{t("correctedHint", { time: formats.moment(each.booked_at), cause: each.cause })}</p>
        </Notice>
      ))}
      <Card>
        <dl className={classes.facts}>
          <dt>{t("when")}</dt>
          <dd>{formats.moment(told.event_at)}</dd>
          <dt>{t("booked")}</dt>
          <dd>{formats.moment(told.booked_at)}</dd>
          {told.meter === null ? null : (
            <>
              <dt>{t("meter")}</dt>
              <dd>{told.meter}</dd>
            </>
          )}
          <dt>{t("number")}</dt>
          <dd>{told.seq}</dd>
          {told.journal_id === null ? null : (
            <>
              <dt>{t("journal")}</dt>
              <dd className="small">{told.journal_id}</dd>
            </>
          )}
        </dl>
      </Card>
    </>
  );
}
