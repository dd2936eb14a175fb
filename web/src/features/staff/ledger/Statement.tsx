import { IconArrowBackUp } from "@tabler/icons-react";
import { TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, api, newKey, pagesOf, refreshEstate, useEstate, type Schemas } from "@api";
import { useFormats } from "@ui";
import { Confirm, DataTable, Fact, Facts, type Column } from "@ui/staff";
import { useLedgerPath } from "./LedgerPage";
import { useKind } from "./useKind";

type Entry = Schemas["StatementEntry"];

interface StatementProps {
  accountId: number;
  from: string;
  to: string;
}

/** Opening balance, every entry with the balance after it, closing balance. */
export function Statement({ accountId, from, to }: StatementProps): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const kind = useKind();
  const ledger = useLedgerPath();
  const asked = useInfiniteQuery({
    queryKey: ["get", "statement", { params: { path } }, accountId, from, to],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await api.GET("/api/v1/estates/{estate_id}/ledger/accounts/{account_id}/statement", {
        params: { path: { ...path, account_id: accountId }, query: { from, to, cursor: pageParam, limit: 100 } },
        signal,
      });
      if (data === undefined) throw error;
      return data;
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const first = asked.data?.pages[0];
  const pages = pagesOf(asked, ({ items }) => items);
  const columns: Column<Entry>[] = [
    { key: "kind", title: t("what"), cell: (each) => kind(each.kind) },
    { key: "booked", title: t("booked"), cell: (each) => formats.moment(each.booked_at) },
    { key: "memo", title: t("memo"), cell: (each) => (each.memo === "" ? null : each.memo), phone: "bare" },
    { key: "journal", title: t("journal"), cell: (each) => <Link to={ledger(`/journals/${each.journal_id}`)}>{kind(each.journal_kind)}</Link> },
    { key: "amount", title: t("amount"), cell: (each) => formats.money(each.amount.amount, { sign: true }), isNumber: true, phone: "value" },
    { key: "after", title: t("after"), cell: (each) => formats.money(each.balance_after.amount), isNumber: true },
    ...(may("ledger.write") ? [{ key: "do", title: "", cell: (each: Entry) => <Reverse accountId={accountId} entry={each} />, phone: "bare" as const }] : []),
  ];
  return (
    <>
      {first === undefined ? null : (
        <Facts>
          <Fact label={t("opening")} hint={first.is_archived ? t("archived") : undefined}>
            {formats.money(first.opening.amount)}
          </Fact>
          <Fact label={t("closing")}>{formats.money(first.closing.amount)}</Fact>
          <Fact label={t("entries")}>{formats.number(first.entries_total)}</Fact>
        </Facts>
      )}
      <DataTable
        label={t("statement")}
        columns={columns}
        pages={pages}
        keyOf={(each) => each.seq}
        empty={{ title: t("noEntries"), hint: t("noEntriesHint") }}
      />
    </>
  );
}

function Reverse({ accountId, entry }: { accountId: number; entry: Entry }): ReactNode {
  const { t } = useTranslation("ledger");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [reason, setReason] = useState("");
  const [key, setKey] = useState(newKey);
  const reverse = $api.useMutation("post", "/api/v1/estates/{estate_id}/ledger/reversals");
  if (entry.kind === "reversal") return null;
  return (
    <Confirm
      label={t("reverse")}
      variant="subtle"
      icon={<IconArrowBackUp aria-hidden size={18} />}
      title={t("reverseTitle")}
      consequence={<p>{t("reverseHint", { amount: formats.money(entry.amount.amount, { sign: true }) })}</p>}
      action={t("reverse")}
      isDangerous
      isReady={reason.trim() !== ""}
      isPending={reverse.isPending}
      error={reverse.error}
      onOpen={() => {
        reverse.reset();
        setKey(newKey());
      }}
      onConfirm={(close) =>
        reverse.mutate(
          { params: { path, header: { "Idempotency-Key": key } }, body: { account_id: accountId, seq: entry.seq, reason: reason.trim() } },
          {
            onSuccess: () => {
              close();
              refreshEstate(estate.estate_id);
            },
          },
        )
      }
    >
      <TextInput label={t("reason")} required maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Confirm>
  );
}
