import { Button, NativeSelect } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, useEstate, usePages } from "@api";
import { Card, Empty, Failure, Loading, useFormats } from "@ui";
import { ProofResult } from "./ProofResult";
import classes from "./Proofs.module.css";

/** That an account, as it was at a checkpoint, is part of what was signed for all. */
export function OwnProof({ accountId, trusted }: { accountId: number; trusted: string }): ReactNode {
  const { t } = useTranslation("proofs");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [checkpoint, setCheckpoint] = useState("");
  const checkpoints = usePages("/api/v1/estates/{estate_id}/ledger/checkpoints", { params: { path, query: { limit: 100 } } });
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/accounts/{account_id}/inclusion-proof", {
    params: { path: { ...path, account_id: accountId }, query: { checkpoint_id: checkpoint || undefined } },
  });
  const problem = asked.isError ? problemOf(asked.error as unknown) : null;
  return (
    <Card
      title={t("inclusion")}
      action={
        asked.data === undefined ? undefined : (
          <Button
            component="a"
            variant="subtle"
            leftSection={<IconDownload aria-hidden size={18} />}
            download={`proof-${estate.estate_id}-${accountId}.json`}
            href={`data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(asked.data, null, 2))}`}
          >
            {t("download")}
          </Button>
        )
      }
    >
      <p className="quiet small">{t("inclusionHint")}</p>
      {checkpoints.data === undefined || checkpoints.data.length < 2 ? null : (
        <div className={classes.form}>
          <NativeSelect
            label={t("checkpoint")}
            value={checkpoint}
            onChange={(event) => setCheckpoint(event.currentTarget.value)}
            data={[
              { value: "", label: t("newest") },
              ...checkpoints.data.map((each) => ({ value: each.checkpoint_id, label: `${formats.moment(each.taken_at)} · ${t(`checkpointKind.${each.kind}`)}` })),
            ]}
          />
        </div>
      )}
      {asked.data !== undefined ? (
        <ProofResult proof={asked.data} trusted={trusted} />
      ) : problem === null ? (
        <Loading lines={5} />
      ) : problem.status === 404 ? (
        <Empty title={t("noCheckpoint")}>{t("noCheckpointHint")}</Empty>
      ) : (
        <Failure problem={problem} retry={() => void asked.refetch()} />
      )}
    </Card>
  );
}
