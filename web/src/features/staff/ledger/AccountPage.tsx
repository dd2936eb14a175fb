import { Button, TextInput } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, type Schemas } from "@api";
import { Card, localDate, plusDays, Row, Rows, Show, Tag, useFormats } from "@ui";
import { Fact, Facts, ObjectPage, startOf } from "@ui/staff";
import classes from "./Ledger.module.css";
import { useLedgerPath } from "./LedgerPage";
import { Statement } from "./Statement";

/** An account: where it stands, its statement between two days, what is held on it. */
export default function AccountPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const to = useLedgerPath();
  const account_id = Number(useParams().accountId);
  const today = localDate(new Date(), estate.time_zone);
  const [first, setFirst] = useState(plusDays(today, -30));
  const [last, setLast] = useState(today);
  const span = { from: startOf(first, estate.time_zone), to: startOf(plusDays(last, 1), estate.time_zone) };
  const isRight = span.from !== null && span.to !== null && first <= last;
  const head = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/accounts", {
    params: { path, query: { after_id: account_id - 1, limit: 1 } },
  });
  const account = head.data?.items.find((each) => each.account_id === account_id);
  return (
    <ObjectPage
      title={account?.name ?? t("account")}
      back={{ to: to(""), word: t("part.accounts") }}
      state={account === undefined ? undefined : <Tag>{t(`classWord.${account.class}`)}</Tag>}
      id={account_id}
      actions={
        <Button component={Link} to={`/estates/${estate.estate_id}/proofs?account=${account_id}`} variant="default" leftSection={<IconShieldCheck aria-hidden size={18} />}>
          {t("verify")}
        </Button>
      }
    >
      <Show asked={head} lines={2}>
        {() => (account === undefined ? null : <Head account={account} />)}
      </Show>
      <Card title={t("statement")}>
        <div className={classes.dates}>
          <TextInput type="date" label={t("from")} value={first} max={today} onChange={(event) => setFirst(event.currentTarget.value)} />
          <TextInput
            type="date"
            label={t("until")}
            value={last}
            max={today}
            onChange={(event) => setLast(event.currentTarget.value)}
            error={first > last ? t("turnedDates") : undefined}
          />
        </div>
        {isRight ? <Statement key={`${span.from}-${span.to}`} accountId={account_id} from={span.from!} to={span.to!} /> : null}
      </Card>
      <Holds accountId={account_id} />
    </ObjectPage>
  );
}

function Head({ account }: { account: Schemas["AccountOut"] }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <Card>
      <Facts>
        <Fact label={t("balance")} hint={t(`side.${account.normal_side}`)}>
          {formats.money(account.posted.amount)}
        </Fact>
        <Fact label={t("held")}>{formats.money(account.held.amount)}</Fact>
        <Fact label={t("available")}>{formats.money(account.available.amount)}</Fact>
        <Fact label={t("entries")}>{formats.number(account.head_seq)}</Fact>
        <Fact label={t("code")}>{account.code}</Fact>
      </Facts>
    </Card>
  );
}

/** Money that is authorised and not yet posted; nothing where nothing is. */
function Holds({ accountId }: { accountId: number }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/holds", { params: { path, query: { account_id: accountId, limit: 100 } } });
  if (asked.data?.items.length === 0) return null;
  return (
    <Card title={t("holds")}>
      <Show asked={asked} lines={2}>
        {({ items }) => (
          <Rows label={t("holds")}>
            {items.map((each) => (
              <Row
                key={each.hold_id}
                title={each.purpose}
                hint={`${t(`holdState.${each.state}`)} · ${t("expires", { time: formats.moment(each.expires_at) })} · ${each.actor}`}
                value={formats.money(each.amount.amount)}
              />
            ))}
          </Rows>
        )}
      </Show>
    </Card>
  );
}
