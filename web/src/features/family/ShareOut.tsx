import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, sentAgain, type Estate, type Schemas } from "@api";
import { Card, micro, Notice, plain, useFormats } from "@ui";
import type { GroupPath, Summary } from "./GroupPage";
import { Preview } from "./Preview";
import { ShareForm } from "./ShareForm";
import { readShare, type Typed } from "./share";
import classes from "./Family.module.css";

const TARGET = "150";

interface ShareOutProps {
  summary: Summary;
  estate: Estate;
  path: GroupPath;
  /** What the group's rule fills homes up to, if it has one. */
  target: string | null;
}

/** Share the group's money out: choose how, see what each gets, then do it, once. */
export function ShareOut({ summary, estate, path, target }: ShareOutProps): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(estate);
  const available = summary.available.amount;
  const [typed, setTyped] = useState<Typed>({ way: "need", total: "", target: plain(target ?? TARGET), parts: {} });
  const [isAsked, setIsAsked] = useState(false);
  const [order, setOrder] = useState<{ body: Schemas["DistributionIn"]; key: string } | null>(null);
  const plan = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/distributions");
  const share = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/distributions", {
    retry: sentAgain,
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const read = readShare(typed, available);
  const ask = (): void => {
    setIsAsked(true);
    if (read.body === null) return;
    const made = { body: read.body, key: newKey() };
    setOrder(made);
    share.reset();
    plan.mutate({ params: { path, query: { preview: true }, header: { "Idempotency-Key": made.key } }, body: made.body });
  };
  if (share.data !== undefined) {
    return (
      <Card title={t("shareOut")}>
        <div className={classes.wideForm}>
        <Notice tone="good" role="status">
          {t("shared", { amount: formats.money(share.data.total.amount), count: share.data.parts.length })}
        </Notice>
        <Button
          variant="default"
          onClick={() => {
            share.reset();
            plan.reset();
            setIsAsked(false);
          }}
        >
          {t("shareAgain")}
        </Button>
        </div>
      </Card>
    );
  }
  if (plan.data !== undefined && order !== null) {
    return (
      <Card title={t("shareCheck")}>
        <Preview
          plan={plan.data}
          wallets={summary.wallets}
          available={available}
          estate={estate}
          error={share.error}
          isSharing={share.isPending}
          onShare={() => share.mutate({ params: { path, header: { "Idempotency-Key": order.key } }, body: order.body })}
          onChange={() => plan.reset()}
        />
      </Card>
    );
  }
  return (
    <Card title={t("shareOut")}>
      {micro(available) <= 0n ? <Notice tone="low">{t("nothingToShare")}</Notice> : null}
      <ShareForm typed={typed} read={read} isAsked={isAsked} summary={summary} estate={estate} isPlanning={plan.isPending} error={plan.error} onType={setTyped} onAsk={ask} />
    </Card>
  );
}
