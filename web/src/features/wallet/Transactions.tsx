import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, type Place, type Schemas } from "@api";
import { Empty, Row, Rows, Show, useFormats, UtilityIcon } from "@ui";
import classes from "./Wallet.module.css";

type Transaction = Schemas["TransactionOut"];
type Shown = "all" | "in" | "usage";

const PAGE = 30;
const KINDS: Record<Shown, string[] | undefined> = {
  all: undefined,
  in: ["top_up", "transfer", "distribution", "promotion", "emergency", "pay_out", "reversal", "adjustment"],
  usage: ["charge", "correction", "standing_charge", "demand", "minimum", "netting", "sharing", "solar_credit"],
};

/** Entries of the wallet, newest first, day by day; more of them when somebody asks. */
export function Transactions({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const [shown, setShown] = useState<Shown>("all");
  const { estate_id } = place.estate;
  const { wallet_id } = place.wallet;
  const asked = useInfiniteQuery({
    queryKey: ["get", "transactions", { params: { path: { estate_id } }, wallet_id, shown }],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await api.GET("/api/v1/estates/{estate_id}/transactions", {
        params: { path: { estate_id }, query: { wallet_id, kind: KINDS[shown], before: pageParam, limit: PAGE } },
        signal,
      });
      if (data === undefined) throw error;
      return data;
    },
    getNextPageParam: (last) => (last.next === null || last.next === undefined ? undefined : String(last.next)),
  });
  return (
    <>
      <SegmentedControl
        aria-label={t("show")}
        value={shown}
        onChange={(next) => setShown(next)}
        data={[
          { value: "all", label: t("all") },
          { value: "in", label: t("in") },
          { value: "usage", label: t("usage") },
        ]}
      />
      <Show asked={asked} lines={6}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Empty title={t("empty")}>{t(shown === "in" ? "emptyIn" : "emptyHint")}</Empty>;
          return <Days items={items} place={place} />;
        }}
      </Show>
      {asked.hasNextPage ? (
        <Button variant="default" fullWidth loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          {t("common:more")}
        </Button>
      ) : null}
    </>
  );
}

function Days({ items, place }: { items: Transaction[]; place: Place }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const formats = useFormats(place.estate);
  const days = new Map<string, Transaction[]>();
  items.forEach((each) => {
    const day = formats.day(each.booked_at);
    days.set(day, [...(days.get(day) ?? []), each]);
  });
  return [...days].map(([day, ofDay]) => (
    <section key={day} className={classes.day}>
      <h3>{day}</h3>
      <Rows label={day}>
        {ofDay.map((each) => (
          <Row
            key={`${each.account_id}-${each.seq}`}
            to={`${each.utility}/${each.seq}`}
            icon={<UtilityIcon utility={each.utility} />}
            title={t(`kind.${each.kind}`, { defaultValue: each.kind })}
            hint={[formats.time(each.booked_at), each.quantity === null ? "" : formats.quantity(each.quantity.amount, each.quantity.unit)]
              .filter(Boolean)
              .join(" · ")}
            value={formats.money(each.amount.amount, { sign: true })}
            valueHint={t("balanceAfter", { amount: formats.money(each.balance_after.amount) })}
          />
        ))}
      </Rows>
    </section>
  ));
}
