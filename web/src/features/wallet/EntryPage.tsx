import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, usePlace, type Schemas } from "@api";
import { Card, localeFor, Notice, Page, Show, useExplainedTexts, useFormats } from "@ui";
import { Facts } from "./told/Facts";
import { Later } from "./told/Later";
import { Reckoning } from "./told/Reckoning";
import { exactFor } from "./told/exact";
import { leadOf } from "./told/lead";
import { madeOf } from "./told/lines";
import type { Say, Told } from "./told/say";
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
        {(told) => <Entry told={told as Told} utility={utility as Utility} />}
      </Show>
    </Page>
  );
}

/** How to tell this reader something of the estate's money. */
function useSay(): Say {
  const { t, i18n } = useTranslation(["wallet", "common"]);
  const explained = useExplainedTexts();
  const { estate } = usePlace();
  return {
    t: explained,
    exact: exactFor(localeFor(i18n.language), { language: i18n.language, currency: estate.currency, timeZone: estate.time_zone }),
    kind: (kind) => t(`kind.${kind}` as "kind.charge", { defaultValue: kind }),
    utility: (utility) => t(`common:utility.${utility}` as "common:utility.electricity", { defaultValue: utility }),
  };
}

function Entry({ told, utility }: { told: Told; utility: Utility }): ReactNode {
  const say = useSay();
  const formats = useFormats(usePlace().estate);
  const made = madeOf(told, say);
  return (
    <div className={classes.entry}>
      <Card title={`${say.kind(told.kind)} · ${say.utility(utility)}`}>
        <p className={`${classes.big} num`}>{formats.money(told.amount.amount, { sign: true })}</p>
        <p className={classes.lead}>{leadOf(told, say).join(" ")}</p>
      </Card>
      {told.is_exact ? null : <Notice>{say.t("notExact")}</Notice>}
      {told.later_corrections.map((each) => (
        <Later key={`${each.booked_at} ${each.seq}`} later={each} subject={told.subject} say={say} />
      ))}
      {made === null ? null : (
        <Card title={say.t("why")}>
          <Reckoning made={made} />
        </Card>
      )}
      <Card>
        <Facts told={told} say={say} />
      </Card>
    </div>
  );
}
