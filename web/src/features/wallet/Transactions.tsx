import { SegmentedControl } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePages, type Place, type Schemas } from "@api";
import { Empty, RowLine, Show, useFormats, UtilityIcon, VirtualRows } from "@ui";
import classes from "./Wallet.module.css";

type Transaction = Schemas["TransactionOut"];
type Shown = "all" | "in" | "usage";

const PAGE = 30;
const KINDS: Record<Shown, string[] | undefined> = {
  all: undefined,
  in: ["top_up", "transfer", "distribution", "promotion", "emergency", "pay_out", "reversal", "adjustment"],
  usage: ["charge", "correction", "standing_charge", "demand", "minimum", "netting", "sharing", "solar_credit"],
};

/** Entries of the wallet, newest first, day by day; more of them as somebody reads on. */
export function Transactions({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const formats = useFormats(place.estate);
  const [shown, setShown] = useState<Shown>("all");
  const { estate_id } = place.estate;
  const { wallet_id } = place.wallet;
  const asked = usePages("/api/v1/estates/{estate_id}/transactions", {
    params: { path: { estate_id }, query: { wallet_id, kind: KINDS[shown], limit: PAGE } },
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
        {(items) => {
          if (items.length === 0) return <Empty title={t("empty")}>{t(shown === "in" ? "emptyIn" : "emptyHint")}</Empty>;
          const dayOf = (at: number): string | undefined => (items[at] === undefined ? undefined : formats.day(items[at].booked_at));
          return (
            <VirtualRows items={items} keyOf={({ account_id, seq }) => `${account_id}-${seq}`} label={t("moves")} pages={asked}>
              {(each, at) => (
                <>
                  {dayOf(at) === dayOf(at - 1) ? null : <h3 className={classes.day}>{dayOf(at)}</h3>}
                  <Line transaction={each} place={place} />
                </>
              )}
            </VirtualRows>
          );
        }}
      </Show>
    </>
  );
}

function Line({ transaction, place }: { transaction: Transaction; place: Place }): ReactNode {
  const { t } = useTranslation(["wallet", "common"]);
  const formats = useFormats(place.estate);
  const { utility, seq, kind, quantity, booked_at, amount, balance_after } = transaction;
  return (
    <RowLine
      to={`${utility}/${seq}`}
      icon={<UtilityIcon utility={utility} />}
      title={t(`kind.${kind}`, { defaultValue: kind })}
      hint={[formats.time(booked_at), quantity === null ? "" : formats.quantity(quantity.amount, quantity.unit)].filter(Boolean).join(" · ")}
      value={formats.money(amount.amount, { sign: true })}
      valueHint={t("balanceAfter", { amount: formats.money(balance_after.amount) })}
    />
  );
}
