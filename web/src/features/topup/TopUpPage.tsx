import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { $api, newKey, refreshEstate, sentAgain, usePlace, type Schemas } from "@api";
import { Card, Empty, Page, Show } from "@ui";
import { AmountForm } from "./AmountForm";
import { Check } from "./Check";
import { Receipt } from "./Receipt";

export type Utility = Schemas["WalletSupply"]["utility"];

/** What somebody is about to pay; the key makes it one payment, however often it is sent. */
export interface Order {
  amount: string;
  utility: Utility | null;
  key: string;
}

/** Choose, check, pay, receipt. */
export default function TopUpPage(): ReactNode {
  const { t } = useTranslation("topup");
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id };
  const ways = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/payment-ways", { params: { path } });
  const [order, setOrder] = useState<Order | null>(null);
  // a step of the way back: from the check, a phone's back button leads to the amount
  const isChecking = (useLocation().state as { isChecking?: boolean } | null)?.isChecking === true;
  const navigate = useNavigate();
  const pay = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/sandbox-top-ups", {
    retry: sentAgain,
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const send = (outcome: "paid" | "declined"): void => {
    pay.mutate({
      params: { path, header: { "Idempotency-Key": order!.key } },
      body: { amount: order!.amount, utility: order!.utility, outcome },
    });
  };
  if (pay.data !== undefined && order !== null) {
    return (
      <Page title={t("title")}>
        <Receipt paid={pay.data} order={order} place={place} />
      </Page>
    );
  }
  return (
    <Page title={t("title")}>
      <Card>
        <Show asked={ways} lines={4}>
          {({ ways: open, may_top_up, limit }) =>
            !may_top_up || open.length === 0 ? (
              <Empty title={t("closed")}>{may_top_up ? t("closedHint", { estate: place.estate.name }) : t("noRight")}</Empty>
            ) : order !== null && (isChecking || pay.isPending) ? (
              <Check
                order={order}
                place={place}
                isPaying={pay.isPending}
                error={pay.error}
                onPay={send}
                onChange={() => {
                  pay.reset();
                  void navigate(-1);
                }}
              />
            ) : (
              <AmountForm
                place={place}
                limit={limit?.amount ?? null}
                before={order}
                onOrder={(amount, utility) => {
                  pay.reset();
                  setOrder({ amount, utility, key: newKey() });
                  void navigate(".", { state: { isChecking: true } });
                }}
              />
            )
          }
        </Show>
      </Card>
    </Page>
  );
}
