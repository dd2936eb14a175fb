import { IconArrowDownLeft, IconArrowUpRight, IconChartBar } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, useSpending, type Place } from "@api";
import { Card, Empty, isNegative, localDate, micro, plusDays, Row, Rows, Show, useFormats } from "@ui";

const ROWS_MAX = 5;
const DAYS = 7;
/** What happens all day long is told once a day; everything else is a line of its own. */
const RARE = ["top_up", "transfer", "reversal", "adjustment", "pay_out", "distribution", "promotion", "emergency", "debt", "correction"];

/** The latest entries: money in as it came, usage summed up by day. */
export function Latest({ place }: { place: Place }): ReactNode {
  const { t } = useTranslation(["home", "common", "wallet"]);
  const formats = useFormats(place.estate);
  const { estate_id, time_zone } = place.estate;
  const today = localDate(new Date(), time_zone);
  const spent = useSpending(place, { from: plusDays(today, 1 - DAYS), to: plusDays(today, 1), step: "day" });
  const moved = $api.useQuery("get", "/api/v1/estates/{estate_id}/transactions", {
    params: { path: { estate_id }, query: { wallet_id: place.wallet.wallet_id, kind: RARE, limit: ROWS_MAX } },
  });
  return (
    <Card title={t("recent")} action={<Link to="wallet">{t("common:seeAll")}</Link>}>
      <Show asked={moved} lines={4}>
        {({ items }) => {
          const days = (spent.data?.labels ?? []).map((label, at) => ({ on: label, amount: spent.data!.values[at] ?? "0" }));
          const rows = [
            ...items.map((each) => ({ on: localDate(new Date(each.booked_at), time_zone), at: each.booked_at, entry: each, amount: "" })),
            ...days.filter(({ amount }) => micro(amount) !== 0n).map((each) => ({ ...each, at: `${each.on}T00`, entry: null })),
          ].sort((a, b) => (a.on === b.on ? b.at.localeCompare(a.at) : b.on.localeCompare(a.on)));
          if (rows.length === 0) return <Empty title={t("nothingYet")}>{t("nothingYetHint")}</Empty>;
          return (
            <Rows>
              {rows.slice(0, ROWS_MAX).map(({ on, at, entry, amount }) =>
                entry === null ? (
                  <Row key={on} icon={<IconChartBar />} title={t("usedOn")} hint={formats.label(on, "day")} value={formats.money(negated(amount))} />
                ) : (
                  <Row
                    key={`${entry.account_id}-${entry.seq}`}
                    icon={isNegative(entry.amount.amount) ? <IconArrowUpRight /> : <IconArrowDownLeft />}
                    title={t(`wallet:kind.${entry.kind}`, { defaultValue: entry.kind })}
                    hint={formats.moment(at)}
                    value={formats.money(entry.amount.amount, { sign: true })}
                    to={`wallet/${entry.utility}/${entry.seq}`}
                  />
                ),
              )}
            </Rows>
          );
        }}
      </Show>
    </Card>
  );
}

function negated(amount: string): string {
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}
