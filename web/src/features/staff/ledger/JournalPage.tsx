import { IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, pagesOf, useEstate, type Schemas } from "@api";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CopyId, Card, micro, More, Show, sum, useFormats } from "@ui";
import { Fact, Facts, ObjectPage } from "@ui/staff";
import classes from "./Ledger.module.css";
import { useLedgerPath } from "./LedgerPage";
import { useKind } from "./useKind";

/** A journal: who moved money and why, each line with its place in its account's chain, and that they balance. */
export default function JournalPage(): ReactNode {
  const { t } = useTranslation("ledger");
  const { path } = useEstate();
  const kind = useKind();
  const to = useLedgerPath();
  const journal_id = useParams().journalId!;
  const asked = useInfiniteQuery({
    queryKey: ["get", "journal", { params: { path } }, journal_id],
    initialPageParam: -1,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await api.GET("/api/v1/estates/{estate_id}/ledger/journals/{journal_id}", {
        params: { path: { ...path, journal_id }, query: { after_line: pageParam, limit: 100 } },
        signal,
      });
      if (data === undefined) throw error;
      return data;
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const journal = asked.data?.pages[0];
  return (
    <ObjectPage
      title={journal === undefined ? t("journal") : kind(journal.kind)}
      back={{ to: to("/journals"), word: t("part.journals") }}
      state={<CopyId id={journal_id} word={`${journal_id.slice(0, 8)}…`} />}
    >
      <Show asked={asked} lines={6}>
        {({ pages }) => (
          <>
            <About journal={pages[0]!} />
            <Card title={t("lines")}>
              <Lines entries={pages.flatMap(({ entries }) => entries)} isWhole={!asked.hasNextPage} />
              <More pages={pagesOf(asked, ({ entries }) => entries)} />
            </Card>
          </>
        )}
      </Show>
    </ObjectPage>
  );
}

function About({ journal }: { journal: Schemas["JournalDetail"] }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <Card>
      <Facts>
        <Fact label={t("booked")}>{formats.moment(journal.booked_at)}</Fact>
        <Fact label={t("month")}>{formats.label(journal.period, "month")}</Fact>
        <Fact label={t("actor")}>{journal.actor}</Fact>
        <Fact label={t("memo")}>{journal.memo}</Fact>
        <Fact label={t("key")}>{journal.idempotency_key}</Fact>
      </Facts>
    </Card>
  );
}

function Lines({ entries, isWhole }: { entries: Schemas["JournalEntryOut"][]; isWhole: boolean }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const total = sum(entries.map((each) => each.amount.amount));
  return (
    <>
      <ol className={classes.lines}>
        {entries.map((each) => (
          <Line key={each.line} of={each} />
        ))}
      </ol>
      {isWhole ? (
        <p className={classes.balanced}>
          {micro(total) === 0n ? <IconCircleCheck aria-hidden size={20} /> : null}
          {micro(total) === 0n ? t("balances") : t("isOff", { amount: formats.money(total) })}
        </p>
      ) : null}
    </>
  );
}

function Line({ of }: { of: Schemas["JournalEntryOut"] }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const kind = useKind();
  const to = useLedgerPath();
  const word = t as unknown as (key: string, options: object) => string;
  return (
    <li>
      <div className={classes.lineHead}>
        <Link to={to(`/accounts/${of.account_id}`)}>{of.name}</Link>
        <strong className="num">{formats.money(of.amount.amount, { sign: true })}</strong>
      </div>
      <Facts>
        <Fact label={t("what")}>{kind(of.kind)}</Fact>
        <Fact label={t("after")}>{formats.money(of.balance_after.amount)}</Fact>
        <Fact label={t("happened")}>{formats.moment(of.event_at)}</Fact>
        <Fact label={t("source")}>{of.source_kind === "none" ? null : word(`sourceWord.${of.source_kind}`, { id: of.source_id, defaultValue: `${of.source_kind} ${of.source_id}` })}</Fact>
        <Fact label={t("place")}>{formats.number(of.seq)}</Fact>
        <Fact label={t("hash")} hint={of.previous_hash === null ? t("noHashBefore") : t("hashBefore", { hash: of.previous_hash.slice(0, 16) })}>
          <span className={classes.hash}>
            <CopyId id={of.hash} word={`${of.hash.slice(0, 16)}…`} />
          </span>
        </Fact>
      </Facts>
    </li>
  );
}
